"""The bounds of push, in one place. Pure."""

from __future__ import annotations

APPROVAL_ABOVE = 1_000  # people, until the workspace decides otherwise
MOST_USERS = 1_000  # of one service message
MOST_NAMED = 20_000  # users that a campaign names itself; more belong in a segment
MOST_TEST_DEVICES = 20
LONGEST_TITLE = 200
LONGEST_BODY = 2_000
LONGEST_LINK = 500
MOST_BYTES = 3_500  # of a filled-in copy as JSON: APNs takes 4,096 with its own envelope
SHARD = 4_000  # devices examined by one shard
BATCH = 500  # devices of one step: what a crash may leave in doubt
LEASE_S = 60  # three times SQLite's busy timeout
