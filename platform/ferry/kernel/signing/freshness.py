"""Freshness: a signed word that version n of a host app was the newest a moment ago.

A phone that is shown an old snapshot (a stolen disk image, an edge cut off from the database, a mirror that lies) sees
it by the age of this statement. It has a key of its own, is renewed every minute, and stays out of the check-in's ETag
(rule 12). docs/decisions/0625 names the attacks that it meets.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ferry.kernel import clock
from ferry.kernel.publishing import selectors as publishing
from ferry.kernel.publishing.registry import Stamp
from ferry.kernel.publishing.services import read_host_apps, renew_stamp
from ferry.kernel.signing import keysets, services
from ferry.kernel.signing.canonical import canonical_json
from ferry.kernel.signing.errors import NoSigningKey
from ferry.kernel.signing.models import Purpose

if TYPE_CHECKING:
    from ferry.kernel.identity.models import HostApp

log = logging.getLogger(__name__)

OFFERED = "offered:"  # the part whose address the statement names; an app above builds it
VALID_MS = 15 * 60 * 1000  # outlives several missed renewals, and the clocks of most phones


def statement(host_app: HostApp, version: int, manifest: Mapping[str, Any]) -> Stamp | None:
    """{"statement": {…}, "signature": {…}, "keys": {…}}; the signature covers the canonical JSON of the statement.

    `keys` in the statement is the version of the list of keys, `offered` the sha256 of the list of offered versions:
    neither can be an old one while this statement is fresh.
    """
    now = clock.now_ms()
    keys = keysets.current(host_app.workspace)
    said = {
        "host_app": host_app.app_key,
        "version": version,
        "issued_at": now,
        "expires_at": now + VALID_MS,
        "keys": keys["statement"]["version"] if keys else 0,
        "offered": manifest.get(OFFERED, {}).get("sha"),
    }
    try:
        signature = services.sign(workspace=host_app.workspace, purpose=Purpose.FRESHNESS, message=canonical_json(said))
    except NoSigningKey:
        return None  # the next renewal makes the key
    return Stamp(value={"statement": said, "signature": signature.as_json(), "keys": keys}, at=now)


def refresh() -> int:
    """Renew the statement of every published host app; how many were renewed."""
    current = {host_app_id: version for host_app_id, version, _ in publishing.versions()}
    renewed = 0
    for host_app in read_host_apps(current):
        try:
            services.ensure_keys(host_app.workspace)
            renewed += renew_stamp(host_app, current[host_app.pk])
        except Exception:  # one workspace whose key does not open must not age the others
            log.exception("the freshness of host app %s cannot be renewed", host_app.pk)
    return renewed
