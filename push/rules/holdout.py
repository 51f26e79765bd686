"""Who is held out of a campaign, to measure what it did. Pure.

A person is held out or not for the whole campaign, whatever device, run or worker asks, and independently of every
other campaign: the campaign's id is the group of the bucket.
"""

from __future__ import annotations

from ferry.kernel.targeting import SHARES, bucket


def unit(user: str, device_id: str) -> str:
    """What is held out and counted: the verified user, or the device where nobody is bound. Never alike."""
    return f"user:{user}" if user else f"device:{device_id}"


def held_out(who: str, campaign_id: str, share: int) -> bool:
    """Whether `who` (a unit) is among the `share`/10,000 that get nothing."""
    return share > 0 and bucket(who, f"holdout:{campaign_id}", SHARES) <= share
