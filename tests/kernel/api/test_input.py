"""What comes in from outside ends in a value or a 4xx, never in a server error."""

from __future__ import annotations

import contextlib
import io
import json
import math
from typing import Any

import pytest
from django.db import OperationalError
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import serializers
from rest_framework.exceptions import ParseError, ValidationError

from ferry.kernel.api.parsers import LARGEST_JSON, StrictJsonParser, parse_json
from ferry.kernel.api.serializers import AtMost, StrictSerializer
from ferry.kernel.api.views import WorkspaceView
from ferry.kernel.errors import TooLarge
from ferry.kernel.strict_json import DEEPEST

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(JSON, st.booleans())
def test_what_can_be_stored_is_read(value, ascii_only):
    assert parse_json(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_a_value_or_refused(raw):
    with contextlib.suppress(ParseError):
        parse_json(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"{'a':1}",
        b'{"a":1}trailing',
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b"1e999",
        b"[" + b"9" * 5000 + b"]",
        b"[9223372036854775808]",
        b'{"a":1,"a":2}',
        b'"\\u0000"',
        b'{"\\u0000":1}',
        b'[["\\ud800"]]',
        b'"\\udc00\\ud800"',
        b"\xff\xfe",
        b'"\x00"',
        '{"a":1}'.encode("utf-16"),
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_what_bites_later_is_refused(raw):
    with pytest.raises(ParseError):
        parse_json(raw)


@pytest.mark.parametrize("depth", [DEEPEST + 1, 945, 5000])  # 945: read without harm, too deep to write again
def test_deep_nesting_is_refused_before_anybody_walks_it(depth):
    with pytest.raises(ParseError, match="nested"):
        parse_json(b"[" * depth + b"]" * depth)
    assert parse_json(b"[" * DEEPEST + b"]" * DEEPEST)
    assert len(parse_json(b"[" + b"[]," * 1000 + b"[]]")) == 1001


def test_a_pair_of_surrogates_is_a_character():
    assert parse_json(rb'"\ud83d\udea2 \\u0000"') == "🚢 \\u0000"


def test_no_more_is_read_than_the_limit():
    class Endless(io.RawIOBase):
        taken = 0

        def read(self, size: int = -1) -> bytes:
            assert 0 <= size <= LARGEST_JSON + 1
            self.taken += size
            return b" " * size

    endless = Endless()
    with pytest.raises(TooLarge):
        StrictJsonParser().parse(endless)  # type: ignore[arg-type]
    assert endless.taken == LARGEST_JSON + 1


class Form(StrictSerializer):
    name = serializers.CharField(max_length=10)
    size = serializers.IntegerField(min_value=0, max_value=9, required=False)


def test_an_unknown_field_is_named_with_those_that_are_known():
    form = Form(data={"name": "x", "sise": 3})
    with pytest.raises(ValidationError) as refused:
        form.is_valid(raise_exception=True)
    assert "name, size" in str(refused.value.detail["sise"])


@given(st.dictionaries(st.text(max_size=6), JSON, max_size=4) | JSON)
def test_any_json_is_valid_or_refused(value: Any):
    form = Form(data=value)
    if form.is_valid():
        assert form.validated_data.keys() <= {"name", "size"}
        assert len(form.validated_data["name"]) <= 10


@pytest.mark.parametrize(
    "field",
    [
        serializers.CharField(),
        serializers.IntegerField(),
        serializers.IntegerField(max_value=3),
        serializers.FloatField(),
        serializers.ListField(child=serializers.CharField(max_length=3)),
        serializers.ListField(child=serializers.CharField(), max_length=3),
        serializers.DictField(),
        serializers.RegexField("x"),
    ],
)
def test_a_field_without_a_bound_stops_the_start(field):
    with pytest.raises(TypeError, match="without a bound"):
        type("Open", (StrictSerializer,), {"field": field, "__module__": __name__})


def test_a_method_without_a_right_stops_the_start():
    with pytest.raises(TypeError, match="POST"):
        type("Open", (WorkspaceView,), {"rights": {"get": None}, "post": lambda self, request: None})


def test_json_fields_have_bounds_of_their_own():
    check = AtMost(100, depth=3)
    check({"a": [1, {"b": 2}]} if math.pi < 3 else {"a": [1]})
    with pytest.raises(ValidationError):
        check("x" * 101)
    with pytest.raises(ValidationError):
        check([[[[]]]])


BODIES = [
    (b"{", "application/json", 400, "malformed"),
    (b"[]", "application/json", 400, "invalid"),
    (b"null", "application/json", 400, "invalid"),
    (b'"x"', "application/json", 400, "invalid"),
    (b"{}", "application/json", 400, "invalid"),
    (b'{"name":"\\u0000","environment":"test"}', "application/json", 400, "malformed"),
    (b'{"name":"\x7f","environment":"test"}', "application/json", 400, "invalid"),
    (b'{"name":"x","environment":"test","colour":1}', "application/json", 400, "invalid"),
    (b'{"name":"x","environment":"test","check_interval_s":1e400}', "application/json", 400, "malformed"),
    (
        b'{"name":"x","environment":"test","check_interval_s":99999999999999999999}',
        "application/json",
        400,
        "malformed",
    ),
    (b'{"name":["x"],"environment":{"a":1},"platforms":"ios"}', "application/json", 400, "invalid"),
    (b'{"name":"x","environment":"test","platforms":[["ios"]]}', "application/json", 400, "invalid"),
    (b"name=x", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
    (b"--x--", "multipart/form-data; boundary=x", 415, "unsupported_media_type"),
    (b"<a/>", "text/xml", 415, "unsupported_media_type"),
    (b" " * (LARGEST_JSON + 2), "application/json", 413, "too_large"),
]


@pytest.mark.parametrize(("body", "content_type", "status", "code"), BODIES)
def test_a_bad_body_is_refused_in_the_one_shape(office, body, content_type, status, code):
    answer = office.call("post", "/host-apps", body, content_type=content_type)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.content
    assert answer.json()["error"]["request_id"] == answer["X-Request-Id"]
    assert answer.json()["error"]["message"]
    assert office.call("get", "/host-apps").json()["items"] == []


def test_a_body_in_chunks_is_refused_and_not_taken_for_none(office):
    answer = office.call("post", "/host-apps", b"", transfer_encoding="chunked")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "malformed"), answer.content
    assert "Content-Length" in answer.json()["error"]["message"]


@pytest.mark.parametrize("row_id", ["x", "%00", "0" * 26, "é" * 26, "%ff", "0" * 5000, "../me", "'; drop table x"])
@pytest.mark.parametrize("kind", ["members", "tokens", "host-apps"])
def test_a_bad_id_is_not_found(office, kind, row_id):
    answer = office.call("get", f"/{kind}/{row_id}")
    assert answer.status_code == 404, answer.content
    assert answer.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer x", "Basic YTpi", "ft_x", "Bearer ft_" + "x" * 9000, "Bearer ft_\x00"]
)
def test_without_a_token_nothing_opens(office, header):
    answer = office.call("get", "/me", authorization=header)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["error"]["code"] == "unauthenticated"
    assert answer.json()["error"]["details"] == {}


def test_a_session_is_no_token(office, client):
    from ferry.kernel.identity.models import Account

    client.force_login(
        Account.objects.get(pk=office.hire("ada@h.example", "admin").account_id),
        backend="ferry.kernel.identity.backends.LocalAccountBackend",
    )
    assert client.get("/api/v1/me").status_code == 401


def test_an_unknown_address_and_method_have_the_shape_too(office):
    answer = office.call("get", "/no-such-thing")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    answer = office.call("put", "/me")
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")
    assert answer["Allow"]
    answer = office.call("get", "/me", accept="text/html")
    assert (answer.status_code, answer.json()["error"]["code"]) == (406, "not_acceptable")


def test_a_bug_tells_nothing_but_its_request_id(office, monkeypatch, client):
    from ferry.kernel.identity import selectors

    def broken(*args: Any) -> None:
        raise ZeroDivisionError("the secret recipe")

    monkeypatch.setattr(selectors, "host_apps", broken)
    client.raise_request_exception = False
    answer = client.get("/api/v1/host-apps", headers={"Authorization": f"Bearer {office.token()}"})
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal_error"
    assert answer.json()["error"]["request_id"] == answer["X-Request-Id"]
    assert b"recipe" not in answer.content


@pytest.mark.parametrize("words", ["database is locked", "deadlock detected\nDETAIL: …", "canceling … lock timeout"])
def test_a_lock_that_could_not_be_had_says_when_to_come_again(office, monkeypatch, words):
    def wait(*args: Any, **kwargs: Any) -> None:
        raise OperationalError(words)

    monkeypatch.setattr("ferry.kernel.identity.selectors.host_apps", wait)
    answer = office.call("get", "/host-apps")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "overloaded")
    assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    ("given_id", "kept"),
    [
        ("deploy-7", True),
        ("a" * 64, True),
        ("a" * 65, False),
        ("a b", False),
        ("a\tb", False),
        ("é", False),
        ("", False),
    ],
)
def test_request_ids_are_taken_when_harmless(office, given_id, kept):
    answer = office.call("get", "/me", x_request_id=given_id)
    assert (answer["X-Request-Id"] == given_id) == kept
    assert answer["X-Request-Id"]
