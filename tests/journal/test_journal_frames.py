"""Recovery of a segment: whatever happens to its bytes, what lies before the damage is kept and nothing is invented."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ferry.journal.frames import MAX_RECORD, Record, framer, parse

SEGMENT = "1/01hxyz-00000001"
KINDS = st.sampled_from(["device", "checkin", "bind"])
PAYLOADS = st.binary(max_size=60).map(lambda raw: raw.replace(b"\n", b" "))
RECORDS = st.lists(st.builds(Record, KINDS, PAYLOADS), min_size=1, max_size=12)


def lines(records: list[Record], segment: str = SEGMENT) -> list[bytes]:
    return [framer(segment, record.kind)(record.payload) for record in records]


@given(RECORDS)
def test_what_was_written_is_read(records: list[Record]):
    data = b"".join(lines(records))
    for closed in (True, False):
        chunk = parse(data, segment=SEGMENT, closed=closed)
        assert chunk.records == records
        assert (chunk.consumed, chunk.damaged, chunk.torn) == (len(data), 0, 0)


@given(RECORDS, st.data())
def test_a_torn_tail_costs_only_the_torn_record(records: list[Record], data: st.DataObject):
    written = lines(records)
    whole = b"".join(written)
    cut = data.draw(st.integers(0, len(whole)))
    complete = [record for record, end in zip(records, _ends(written), strict=True) if end <= cut]
    chunk = parse(whole[:cut], segment=SEGMENT, closed=True)
    assert chunk.records == complete
    assert chunk.consumed == cut
    assert chunk.torn == cut - sum(len(line) for line in written[: len(complete)])


@given(RECORDS, st.data())
def test_a_living_segment_is_read_again_from_its_torn_tail(records: list[Record], data: st.DataObject):
    whole = b"".join(lines(records))
    cut = data.draw(st.integers(0, len(whole)))
    first = parse(whole[:cut], segment=SEGMENT, closed=False)
    second = parse(whole[first.consumed :], segment=SEGMENT, closed=True)
    assert first.records + second.records == records
    assert first.torn == first.damaged == 0


@given(RECORDS, st.data())
def test_damage_anywhere_keeps_what_lies_before_and_invents_nothing(records: list[Record], data: st.DataObject):
    written = lines(records)
    whole = bytearray(b"".join(written))
    start = data.draw(st.integers(0, len(whole) - 1))
    damage = data.draw(st.binary(min_size=1, max_size=80) | st.integers(1, 4096).map(bytes))
    whole[start : start + len(damage)] = damage
    chunk = parse(bytes(whole), segment=SEGMENT, closed=True)
    before = [record for record, end in zip(records, _ends(written), strict=True) if end <= start]
    assert chunk.records[: len(before)] == before
    rest = iter(records[len(before) :])
    assert all(record in rest for record in chunk.records[len(before) :]), "only what was written, in its order"


@given(RECORDS, st.integers(1, 9000))
def test_a_block_of_zeros_after_a_power_loss_is_passed_over(records: list[Record], zeros: int):
    data = b"".join(lines(records)) + bytes(zeros)
    chunk = parse(data, segment=SEGMENT, closed=True)
    assert chunk.records == records
    assert chunk.torn == zeros


@given(RECORDS)
def test_lines_of_another_segment_are_not_records_of_this_one(records: list[Record]):
    """A file system may show the blocks of a deleted file after a power loss."""
    stale = b"".join(lines(records, segment="1/01habc-00000007"))
    chunk = parse(stale, segment=SEGMENT, closed=True)
    assert chunk.records == []
    assert chunk.damaged == len(stale)


def test_damage_longer_than_any_record_does_not_stop_the_reader():
    data = bytes(2 * MAX_RECORD + 1)
    chunk = parse(data, segment=SEGMENT, closed=True, last=False)
    assert chunk.consumed == len(data)
    assert chunk.damaged == len(data)


def test_a_damaged_line_in_a_living_segment_is_waited_for():
    good, bad = lines([Record("device", b"{}"), Record("device", b'{"a":1}')])
    chunk = parse(good + b"x" + bad[1:] + good, segment=SEGMENT, closed=False)
    assert len(chunk.records) == 1
    assert chunk.consumed == len(good)


def _ends(written: list[bytes]) -> list[int]:
    ends, at = [], 0
    for line in written:
        at += len(line)
        ends.append(at)
    return ends
