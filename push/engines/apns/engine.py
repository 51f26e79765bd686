"""The engine "apns": a batch as HTTP/2 posts, and each answer as an outcome for the ledger."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
from django.conf import settings
from django.utils.translation import gettext as _

from ferry.kernel.identity.models import Workspace
from push.engines.apns import payload, verdicts
from push.engines.apns.accounts import Account, account
from push.engines.apns.jwt import ProviderToken
from push.engines.apns.verdicts import Breaker, Meaning
from push.engines.base import Outcome, Outgoing
from push.models import Address, Channel

if TYPE_CHECKING:
    from push.engines.http2 import Answer, Post, Sender

BATCH_S = 25.0  # for one batch: well within a shard's lease
_AGAIN_S = 30.0  # after "busy" without a word how long


class _Error(msgspec.Struct):
    """The body of an answer that is no 200."""

    reason: str = ""
    timestamp: int = 0  # ms; of 410


@dataclass(slots=True)
class _Line:
    """What this process holds for one account, as it is set now: its connection, its token, what it has learnt."""

    fingerprint: tuple[str, ...]
    sender: Sender
    token: ProviderToken
    breaker: Breaker = field(default_factory=Breaker)
    silent: bool = False  # its last batch got no answer at all: the connection may be dead and not know it


@dataclass(slots=True)
class _Batch:
    """What has come back so far."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    good: int = 0
    heard: bool = False
    suspects: dict[str, str] = field(default_factory=dict)  # delivery id → Apple's reason
    gone: dict[str, int] = field(default_factory=dict)  # delivery id → since when, ms
    halted: Outcome | None = None  # what the copies that were not sent any more get


class Apns:
    """Carries copies to Apple's push service. One connection for each account and process, kept between batches."""

    transactional = False

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}

    def send(self, batch: Sequence[Outgoing]) -> Sequence[Outcome]:
        """Post the batch. All copies of it belong to one host app."""
        if not batch:
            return []
        app = batch[0].host_app_id
        found = account(batch[0].workspace_id, app)
        if found is None:
            return _all(batch, _("APNs is not set up for this host app. Add its team, key and topic."))
        try:
            line = self._line(app, found)
        except Exception as wrong:  # sealed with another secret, or no key any more
            return _all(batch, _("The APNs key cannot be used: {problem}").format(problem=wrong))
        return _deliver(line, found, batch)

    def _line(self, app: str, found: Account) -> _Line:
        from push.engines.http2 import Sender  # here: 10 MB that no process needs which sends nothing

        line = self._lines.get(app)
        if line is None or line.fingerprint != found.fingerprint:
            token = found.provider_token()
            line = self._lines[app] = _Line(found.fingerprint, Sender(ca=settings.FERRY_APNS_CA), token)
        elif line.silent:
            line.sender.close()
            line.sender, line.silent = Sender(ca=settings.FERRY_APNS_CA), False
        return line


def _deliver(line: _Line, found: Account, batch: Sequence[Outgoing]) -> list[Outcome]:
    got = _Batch()
    jwt = line.token.text(time.time())

    posts = _posts(found, batch, jwt, got)
    for answer in line.sender.send(posts, until=time.monotonic() + BATCH_S):
        got.heard = got.heard or answer.status > 0
        _note(got, line, answer)
    line.silent = not got.heard
    _judge_suspects(line, got)
    _judge_gone(batch, got)
    rest = got.halted or Outcome("", "retry", detail=_("APNs gave no answer in time."))
    return [
        got.outcomes.get(copy.delivery_id)
        or Outcome(copy.delivery_id, rest.kind, retry_after=rest.retry_after, detail=rest.detail)
        for copy in batch
    ]


def _posts(found: Account, batch: Sequence[Outgoing], jwt: str, got: _Batch) -> Iterator[Post]:
    from push.engines.http2 import Post

    base = (settings.FERRY_APNS_URL or found.host) + "/3/device/"
    for copy in batch:
        if got.halted is not None:
            return
        body = payload.body(copy)
        if len(body) > payload.MOST_BYTES:
            detail = _("The payload has {size} bytes, APNs takes {most}.")
            told = detail.format(size=len(body), most=payload.MOST_BYTES)
            got.outcomes[copy.delivery_id] = Outcome(copy.delivery_id, "failed", detail=told)
            continue
        headers = payload.headers(copy, jwt=jwt, topic=found.topic)
        yield Post(copy.delivery_id, base + copy.token, headers, body)


def _note(got: _Batch, line: _Line, answer: Answer) -> None:
    """Keep what an answer says; one that would be the same for all others ends the batch."""
    if answer.status == 200:
        got.good += 1
        got.outcomes[answer.name] = Outcome(answer.name, "ok")
        return
    said = _said(answer)
    found = verdicts.meaning(answer.status, said.reason)
    if found is Meaning.SUSPECT:
        got.suspects[answer.name] = said.reason
    elif found is Meaning.GONE:
        got.gone[answer.name] = said.timestamp
    else:
        what = f"{answer.status} {said.reason}".rstrip() if answer.status else answer.problem
        outcome = got.outcomes[answer.name] = _outcome(answer, found, f"APNs: {what}", line)
        if got.halted is None and (verdicts.halts(found, said.reason) or not answer.trusted):
            got.halted = outcome


def _outcome(answer: Answer, found: Meaning, detail: str, line: _Line) -> Outcome:
    if not answer.trusted or found is Meaning.MISCONFIGURED:
        return Outcome(answer.name, "config_error", detail=detail)
    if found is Meaning.STALE_JWT:
        if line.token.refused(time.time()):
            return Outcome(answer.name, "retry", detail=detail)
        return Outcome(answer.name, "config_error", detail=_("APNs calls a fresh token expired: check this clock."))
    if found is Meaning.BUSY:
        return Outcome(answer.name, "slow_down", retry_after=answer.retry_after or _AGAIN_S, detail=detail)
    return Outcome(answer.name, "failed" if found is Meaning.REFUSED else "retry", answer.retry_after, detail=detail)


def _judge_suspects(line: _Line, got: _Batch) -> None:
    if not got.suspects and not got.good:
        return
    dead = line.breaker.blames_tokens(got.good, set(got.suspects))
    for name, reason in got.suspects.items():
        detail = f"APNs: 400 {reason}" if dead else _("APNs: {reason} for too many. Check environment and topic.")
        kind = "token_dead" if dead else "config_error"
        got.outcomes[name] = Outcome(name, kind, detail=detail.format(reason=reason))  # type: ignore[arg-type]


def _judge_gone(batch: Sequence[Outgoing], got: _Batch) -> None:
    """A token that the device has brought again after Apple called it gone is not dead."""
    copies = [copy for copy in batch if copy.delivery_id in got.gone]
    if not copies:
        return
    rows = Address.objects.of(Workspace(pk=copies[0].workspace_id)).filter(
        host_app_id=copies[0].host_app_id, channel=Channel.APNS, device_id__in=[copy.device_id for copy in copies]
    )
    brought = dict(rows.values_list("device_id", "registered_at"))
    for copy in copies:
        since = got.gone[copy.delivery_id]
        dead = not since or brought.get(copy.device_id, 0) <= since
        outcome = Outcome(copy.delivery_id, "token_dead" if dead else "retry", detail="APNs: 410")
        got.outcomes[copy.delivery_id] = outcome


def _said(answer: Answer) -> _Error:
    try:
        return _error.decode(answer.body) if answer.body else _Error()
    except msgspec.DecodeError:
        return _Error()


def _all(batch: Sequence[Outgoing], detail: str) -> list[Outcome]:
    return [Outcome(copy.delivery_id, "config_error", detail=detail) for copy in batch]


_error = msgspec.json.Decoder(_Error)
