"""Text may not show other words than it holds."""

from __future__ import annotations

import pytest

from ferry.kernel.errors import Invalid
from ferry.kernel.words import turns
from tests.world import World


@pytest.mark.parametrize("character", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_what_turns_text_is_found_wherever_it_is(character):
    assert turns(f"invoice{character}fdp.exe")
    assert turns({"a": [1, None, {"b": character}]})
    assert turns({character: 1})


@pytest.mark.parametrize(
    "text", ["مرحبا\u200f!", "שלום\u200e", "👨\u200d👩\u200d👧", "two\nlines\tand a tab", "关闭维护。", ""]
)
def test_what_people_write_is_not(text):
    assert not turns(text)
    assert not turns([text, 5, True, None])


@pytest.mark.django_db
def test_a_withdrawal_refuses_it_at_every_door():
    world = World.make()
    world.release("1.0.0")
    with pytest.raises(Invalid, match="turn the direction"):
        world.withdraw("Closed \u202erof repairs")
    world.withdraw("مغلق")  # it was not withdrawn yet
