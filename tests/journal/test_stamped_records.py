"""What is read of a stamped record, and what is still known of one that cannot be read."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from analytics.records import KINDS, MAX_ATTRIBUTES_BYTES
from ferry.journal.records import label

HEAD = '"host_app":"' + "a" * 26 + '","at":1764547200000'  # the first millisecond of December 2025, UTC


def checkin(rest: str = "") -> bytes:
    return f'{{{HEAD},"device":"d","seq":1{rest}}}'.encode()


def test_a_record_knows_its_place_and_its_day():
    record = KINDS.decode("checkin", checkin())
    assert (record.position, record.day) == ((1764547200000, 1), date(2025, 12, 1))


@pytest.mark.parametrize(
    ("rest", "why"),
    [
        (r',"user":"a\u0000b"', "NUL"),
        (f',"attributes":{{"a":"{"x" * MAX_ATTRIBUTES_BYTES}"}}', "32 KiB"),
        (f',"platform":"{"x" * 65}"', "platform"),
    ],
)
def test_what_no_table_could_hold_is_refused_by_name(rest, why):
    payload = checkin(rest)
    with pytest.raises(msgspec.ValidationError, match=why):
        KINDS.decode("checkin", payload)
    assert label(payload) == ("a" * 26, date(2025, 12, 1)), "it is still counted as its host app's"


@pytest.mark.parametrize("payload", [b"", b"[]", b"{}", b'{"host_app":"short","at":1}', f"{{{HEAD}".encode()])
def test_a_record_that_does_not_say_whose_it_is_is_nobodys(payload):
    assert label(payload) is None
