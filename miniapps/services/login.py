"""The exchange of a login code for who the user is: exactly once, for the server that holds the app secret."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from time import monotonic

from django.db import IntegrityError, transaction

from ferry.kernel import clock
from ferry.kernel.errors import RateLimited
from ferry.kernel.identity import keys
from ferry.kernel.limits import Limiter
from miniapps.login import pseudonyms
from miniapps.login.codes import LIFE_S, LoginCode, read_code
from miniapps.login.errors import AppSecretFrozen, AppSecretInvalid, LoginCodeInvalid, LoginCodeUsed
from miniapps.models import AppSecret, UsedLoginCode

SESSION_S = 7200  # for how long the platform's word about the user may be relied on
_WRONG_COSTS = 20  # requests that a wrong secret counts for: who guesses is soon told to wait

# Of one site process. A company's server exchanges from few addresses, so these stop guessing and loops, not crowds.
by_address = Limiter(100, 400)
by_program = Limiter(50, 200)


@dataclass(frozen=True, slots=True)
class LoginSession:
    """Who signed in, in the names that the mini-program may know."""

    openid: str
    unionid: str
    host_app: str
    environment: str
    expires_in: int = SESSION_S


def exchange_login_code(*, program_id: str, secret: str, code: str, address: str) -> LoginSession:
    """The session of the user for whom `code` was made. No actor: the app secret is the proof.

    The same code succeeds once, however many ask at the same moment. Raises RateLimited, AppSecretInvalid,
    AppSecretFrozen, LoginCodeInvalid, LoginCodeUsed.
    """
    _pass(by_address, address)
    _pass(by_program, f"{secret[: keys.APP_SECRET_PREFIX_LENGTH]} {program_id}")
    row = _authenticated(program_id, secret, address)
    if row.frozen_at is not None:
        raise AppSecretFrozen
    found = read_code(code, now=clock.now().timestamp())
    if found is None or (found.workspace_id, found.program_id) != (row.workspace_id, row.program.program_id):
        raise LoginCodeInvalid(minutes=LIFE_S // 60)
    _use(row, found)
    return LoginSession(
        openid=pseudonyms.openid(
            workspace_id=row.workspace_id,
            environment=found.environment,
            program_row_id=row.program_id,
            user=found.user,
        ),
        unionid=pseudonyms.unionid(workspace_id=row.workspace_id, environment=found.environment, user=found.user),
        host_app=found.host_app_id,
        environment=found.environment,
    )


def sweep_login_codes() -> int:
    """Forget used codes that nobody could use again, being too old; how many went."""
    return UsedLoginCode.objects.unscoped().filter(used_at__lt=clock.now() - timedelta(seconds=4 * LIFE_S)).delete()[0]


def _authenticated(program_id: str, secret: str, address: str) -> AppSecret:
    prefix = secret[: keys.APP_SECRET_PREFIX_LENGTH]
    row = None
    if keys.looks_like_app_secret(secret):
        row = AppSecret.objects.unscoped().filter(prefix=prefix).select_related("program").first()
    proven = keys.same(row.hash if row else keys.sha256(""), keys.sha256(secret))
    if row is None or not proven or row.program.program_id != program_id or _over(row):
        by_address.allow(address, monotonic(), cost=_WRONG_COSTS)
        raise AppSecretInvalid
    return row


def _over(row: AppSecret) -> bool:
    return row.expires_at is not None and row.expires_at <= clock.now()


def _use(row: AppSecret, code: LoginCode) -> None:
    """Write down that the code is used. The unique index decides between two who come at once."""
    try:
        with transaction.atomic():
            UsedLoginCode.objects.create(
                workspace_id=row.workspace_id, code_id=code.id, program_id=row.program_id, used_at=clock.now()
            )
    except IntegrityError as error:
        raise LoginCodeUsed from error


def _pass(limiter: Limiter, key: str) -> None:
    wait = limiter.allow(key, monotonic())
    if wait:
        raise RateLimited(retry_after=ceil(wait))
