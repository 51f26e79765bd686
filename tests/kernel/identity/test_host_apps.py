"""Host apps and their keys: what is stored, what the edge is told, what an outsider could read from either."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from ferry.kernel import secrets
from ferry.kernel.audit import selectors as audit
from ferry.kernel.errors import Invalid
from ferry.kernel.identity import keys, selectors, services, values
from ferry.kernel.identity.errors import HostAppExists, KeyInvalid, TooMany
from ferry.kernel.identity.models import HostApp, HostAppKey
from ferry.kernel.publishing import selectors as published
from tests.kernel.office import Office
from tests.together import together


def pem(key, private: bool = False) -> str:
    if private:
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return key.private_bytes(*form).decode()
    public = key.public_key()
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


P256 = ec.generate_private_key(ec.SECP256R1())
P384 = ec.generate_private_key(ec.SECP384R1())
RSA = rsa.generate_private_key(65537, 2048)
RSA_WEAK = rsa.generate_private_key(65537, 1024)  # noqa: S505 weak on purpose


def told_to_the_edge(app: HostApp) -> dict:
    """The "app" part of the snapshot as the edge gets it."""
    _, manifest, _ = published.manifest(app.pk)
    sha = manifest["app:"]["sha"]
    return json.loads(published.parts([sha])[sha])


def test_a_host_app_is_born_with_a_number_a_key_and_a_snapshot(office):
    first, second = office.host_app("One"), office.host_app("Two")
    assert second.number == first.number + 1
    assert first.app_key != second.app_key
    part = told_to_the_edge(first)
    assert (part["id"], part["number"], part["app_key"]) == (first.id, first.number, first.app_key)
    assert part["environment"] == "production"
    assert part["platforms"] == ["ios", "android", "harmony", "web"]
    assert part["active"] is True
    assert len(secrets.unseal(part["device_token_key"], purpose=keys.DEVICE_TOKEN_PURPOSE)) == 32


def test_test_and_production_are_twins_with_keys_of_their_own(office):
    production, test = office.host_app("Go"), office.host_app("Go", environment="test")
    assert production.app_key != test.app_key
    device_keys = {
        secrets.unseal(app.device_token_key, purpose=keys.DEVICE_TOKEN_PURPOSE) for app in (production, test)
    }
    assert len(device_keys) == 2
    with pytest.raises(HostAppExists):
        office.host_app("Go", environment="test")


@pytest.mark.django_db(transaction=True)
def test_host_apps_made_at_one_moment_get_different_numbers():
    offices = [Office.make(f"Harbour {number}") for number in range(4)]
    results = together(*[lambda office=office: office.host_app("Go") for office in offices])
    assert len({app.number for app in results}) == 4, results


def test_a_change_is_published_and_told_to_the_auditor(office):
    app = office.host_app(check_interval_s=1800)
    before = published.manifest(app.pk)[0]
    services.update_host_app(
        actor=office.platform, host_app=app, check_interval_s=60, cors_origins=["HTTPS://Shop.example"]
    )
    assert published.manifest(app.pk)[0] == before + 1
    part = told_to_the_edge(app)
    assert part["check_interval_s"] == 60
    assert part["cors_origins"] == ["https://shop.example"]
    entry = audit.entries(office.workspace, action="host_app.updated").get()
    assert audit.read(entry.before) == {"check_interval_s": 1800, "cors_origins": []}
    assert audit.read(entry.after) == {"check_interval_s": 60, "cors_origins": ["https://shop.example"]}


def test_a_change_to_the_same_is_no_change(office):
    app = office.host_app(check_interval_s=60)
    before = published.manifest(app.pk)[0], audit.entries(office.workspace).count()
    services.update_host_app(actor=office.platform, host_app=app, check_interval_s=60, active=True)
    assert (published.manifest(app.pk)[0], audit.entries(office.workspace).count()) == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"platforms": []},
        {"platforms": ["symbian"]},
        {"check_interval_s": 0},
        {"check_interval_s": 10**9},
        {"checkins_per_second": 0},
        {"consent": "never"},
        {"environment": "staging"},
        {"name": ""},
        {"name": "x" * 121},
        {"name": "a\0b"},
        {"cors_origins": [f"https://h{number}.example" for number in range(51)]},
    ],
)
def test_what_a_host_app_cannot_be(office, wrong):
    with pytest.raises(Invalid):
        office.host_app(**wrong)
    assert not selectors.host_apps(office.workspace).exists()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://shop.example", "https://shop.example"),
        ("https://shop.example/", "https://shop.example"),
        ("https://SHOP.example:443", "https://shop.example"),
        ("http://localhost:5173", "http://localhost:5173"),
        ("http://[::1]:80", "http://[::1]"),
    ],
)
def test_origins_are_kept_as_browsers_send_them(given, kept):
    assert values.origins([given]) == [kept]


@pytest.mark.parametrize(
    "text",
    ["*", "https://*.example", "shop.example", "https://shop.example/path", "https://u:p@shop.example", "null",
     "javascript:alert(1)", "https://shop.example:99999", "https://shop.example?x", "https://", "https://a b", ""],
)  # fmt: skip
def test_what_is_no_origin(text):
    with pytest.raises(Invalid):
        values.origins([text])


@given(st.text(max_size=60))
def test_any_text_is_an_origin_or_refused(text):
    for candidate in (text, f"https://{text}", f"http://{text}:80"):
        try:
            kept = values.origins([candidate])
        except Invalid:
            continue
        assert values.origins(kept) == kept


def test_a_server_key_is_shown_once_and_known_by_its_hash(office):
    app = office.host_app()
    new = services.add_server_key(actor=office.platform, host_app=app, name="shop server")
    assert new.secret is not None
    assert told_to_the_edge(app)["server_keys"] == [{"id": new.key.id, "sha256": keys.sha256(new.secret)}]
    secret = new.secret.removeprefix("fs_")
    stored = HostAppKey.objects.of(office.workspace).values().get()
    assert not any(secret in str(value) for value in stored.values())
    assert all(new.secret not in entry.after for entry in audit.entries(office.workspace))


def test_a_shared_user_token_key_reaches_the_edge_sealed(office):
    app = office.host_app()
    new = services.add_user_token_key(actor=office.platform, host_app=app, name="sso", alg="HS256")
    (part,) = told_to_the_edge(app)["user_token_keys"]
    assert (part["kid"], part["alg"], part["pem"]) == (new.key.kid, "HS256", None)
    opened = secrets.unseal(part["sealed"], purpose=keys.USER_TOKEN_PURPOSE)
    assert keys.shared_secret_text(opened) == new.secret
    assert new.secret not in json.dumps(told_to_the_edge(app))


@pytest.mark.parametrize(("alg", "key"), [("ES256", P256), ("RS256", RSA)])
def test_a_public_user_token_key_needs_no_secret_here(office, alg, key):
    app = office.host_app()
    new = services.add_user_token_key(
        actor=office.platform, host_app=app, name="sso", alg=alg, public_pem=pem(key).replace("\n", "\r\n")
    )
    assert new.secret is None
    (part,) = told_to_the_edge(app)["user_token_keys"]
    assert (part["alg"], part["sealed"], part["pem"]) == (alg, None, pem(key))


@pytest.mark.parametrize(
    ("alg", "text"),
    [
        ("ES256", pem(P384)),
        ("ES256", pem(RSA)),
        ("RS256", pem(RSA_WEAK)),
        ("RS256", pem(P256)),
        ("ES256", pem(P256, private=True)),
        ("ES256", "not a key"),
        ("ES256", ""),
        ("ES256", pem(P256) * 100),
        ("HS256", pem(P256)),
    ],
)
def test_keys_that_cannot_serve(office, alg, text):
    app = office.host_app()
    with pytest.raises(KeyInvalid):
        services.add_user_token_key(actor=office.platform, host_app=app, name="x", alg=alg, public_pem=text)


def test_none_is_no_algorithm(office):
    for alg in ("none", "HS512", ""):
        with pytest.raises(Invalid):
            services.add_user_token_key(actor=office.platform, host_app=office.host_app(alg or "x"), name="x", alg=alg)


def test_a_revoked_key_leaves_the_snapshot(office):
    app = office.host_app()
    keep = services.add_server_key(actor=office.platform, host_app=app, name="keep")
    drop = services.add_server_key(actor=office.platform, host_app=app, name="drop")
    services.revoke_key(actor=office.platform, key=drop.key)
    assert [key["id"] for key in told_to_the_edge(app)["server_keys"]] == [keep.key.id]
    version = published.manifest(app.pk)[0]
    services.revoke_key(actor=office.platform, key=drop.key)
    assert published.manifest(app.pk)[0] == version


def test_keys_are_bounded(office, monkeypatch):
    from ferry.kernel.identity import host_apps

    monkeypatch.setattr(host_apps, "MOST_KEYS", 2)
    app = office.host_app()
    for name in ("one", "two"):
        key = services.add_server_key(actor=office.platform, host_app=app, name=name).key
    with pytest.raises(TooMany):
        services.add_server_key(actor=office.platform, host_app=app, name="three")
    services.revoke_key(actor=office.platform, key=key)
    assert services.add_server_key(actor=office.platform, host_app=app, name="three")
