"""Whether Apple takes an account: one notification to a device token that nobody has.

Apple looks at the provider token first, so "bad device token" is the answer that says all is well. The topic cannot be
tried so: Apple compares it with the device token's own, and this one has none.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass

import msgspec
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from push.engines.apns.accounts import Account

NOBODY = "0" * 64
ANSWER_S = 10.0
_HINTS = {
    "InvalidProviderToken": gettext_noop("Check the key, its id and the team."),
    "ExpiredProviderToken": gettext_noop("Check this server's clock."),
    "BadEnvironmentKeyInToken": gettext_noop("The key is for the other environment."),
}


@dataclass(frozen=True, slots=True)
class Probe:
    """What came of it; `detail` says in words why not."""

    ok: bool
    detail: str = ""


def probe(found: Account) -> Probe:
    """Ask Apple; waits for at most ten seconds. Never raises: an account that cannot be used is an answer."""
    from push.engines.http2 import Post, Sender  # here: 10 MB that no process needs which sends nothing

    try:
        token = found.provider_token().text(time.time())
    except Exception as wrong:  # sealed with another secret, or no key any more
        return Probe(False, _("The APNs key cannot be used: {problem}").format(problem=wrong))
    address = (settings.FERRY_APNS_URL or found.host) + "/3/device/" + NOBODY
    headers = [
        f"authorization: bearer {token}",
        f"apns-id: {uuid.uuid4()}",
        f"apns-topic: {found.topic}",
        "apns-push-type: alert",
        "apns-priority: 5",
        "apns-expiration: 0",
        "content-type: application/json",
        "expect:",
    ]
    sender = Sender(ca=settings.FERRY_APNS_CA, answer_s=ANSWER_S, streams=1)
    try:
        posts = [Post("probe", address, headers, b'{"aps":{"content-available":1}}')]
        [answer] = sender.send(posts, until=time.monotonic() + ANSWER_S)
    finally:
        sender.close()
    if not answer.status:
        return Probe(False, _("APNs cannot be reached: {problem}").format(problem=answer.problem))
    reason = _reason(answer.body)
    if answer.status == 200 or reason == "BadDeviceToken":
        return Probe(True)
    hint = _(_HINTS[reason]) if reason in _HINTS else ""
    return Probe(False, f"APNs: {answer.status} {reason}. {hint}".strip())


def _reason(body: bytes) -> str:
    try:
        said = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return ""
    return str(said.get("reason", ""))[:60] if isinstance(said, dict) else ""
