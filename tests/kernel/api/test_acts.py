"""A door of one act is not open because somebody forgot its right."""

from __future__ import annotations

import pytest

from ferry.kernel.api.acts import ActView
from ferry.kernel.identity.rights import Right


@pytest.mark.parametrize("said", [{}, {"summary": "Pause"}, {"right": Right.RELEASE}])
def test_an_act_says_its_right_and_what_it_does(said):
    with pytest.raises(TypeError, match="which right its act needs"):
        type("Pause", (ActView,), {"act": print}, **said)


def test_a_base_of_acts_has_no_door():
    assert not hasattr(type("OnReleases", (ActView,), {}), "post")
