"""Signing in and out of the console: the one place where a password from outside is tried.

Brute force is met three times. axes locks an address that fails 5 times for one account (settings AXES_…). Wider
limits here catch what that pair misses: one address that tries many accounts, and many addresses that try one.
The console's view calls `sign_in` and shows the FerryError it raises.
"""

from __future__ import annotations

from datetime import timedelta

from axes.conf import settings as axes
from axes.models import AccessAttempt
from django.contrib.auth import authenticate, login, logout
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q, Sum
from django.http import HttpRequest

from ferry.kernel import clock
from ferry.kernel.api.addresses import client_address
from ferry.kernel.api.request_ids import request_id
from ferry.kernel.audit.services import record
from ferry.kernel.identity.errors import SignInLocked, SignInRefused
from ferry.kernel.identity.models import Account
from ferry.kernel.identity.selectors import as_member, memberships

WINDOW = timedelta(minutes=15)  # the same as AXES_COOLOFF_TIME
PER_ADDRESS = 50  # failures from one address in the window, whatever the account: an office behind one NAT fits
PER_ACCOUNT = 100  # failures for one account in the window, whatever the address
_LONGEST_PASSWORD = 1024  # hashing time grows with length


def sign_in(request: HttpRequest, *, email: str, password: str) -> Account:
    """Start a session for the account. Raises SignInRefused or SignInLocked.

    The session id changes, so that a fixed one is worth nothing. The language of the account becomes the request's.
    """
    subject = email.strip().lower()
    if not _plausible(subject, password):
        raise SignInRefused
    _refuse_floods(request, subject)
    # axes counts under the name of the account model's USERNAME_FIELD, our backend takes "username": give both
    counted = {str(axes.AXES_USERNAME_FORM_FIELD): subject}
    account = authenticate(request, **{"username": subject, "password": password} | counted)
    if getattr(request, "axes_locked_out", False):
        request.axes_locked_out = False  # type: ignore[attr-defined] # or axes' middleware replaces our page by its own
        raise _locked()
    if not isinstance(account, Account):
        raise SignInRefused
    login(request, account)
    _trace(request, account)
    return account


def sign_out(request: HttpRequest) -> None:
    """End the session of the request."""
    logout(request)


@transaction.atomic
def _trace(request: HttpRequest, account: Account) -> None:
    """Tell every workspace of the account, in one order, so that two sign-ins cannot wait for each other."""
    for member in memberships(account).order_by("workspace_id"):
        actor = as_member(member, account, address=client_address(request), request_id=request_id(request))
        record(actor=actor, action="session.started", target=member)


def _plausible(subject: str, password: str) -> bool:
    """Whether it is worth a look: keeps NUL characters and megabytes away from the hash and the counters."""
    if len(subject) > 254 or not 0 < len(password) <= _LONGEST_PASSWORD or "\0" in password:
        return False
    try:
        validate_email(subject)
    except ValidationError:
        return False
    return True


def _refuse_floods(request: HttpRequest, subject: str) -> None:
    address = client_address(request) or None
    recent = AccessAttempt.objects.filter(attempt_time__gte=clock.now() - WINDOW)
    failures = recent.aggregate(
        address=Sum("failures_since_start", filter=Q(ip_address=address)),
        account=Sum("failures_since_start", filter=Q(username=subject)),
    )
    if (failures["address"] or 0) >= PER_ADDRESS or (failures["account"] or 0) >= PER_ACCOUNT:
        raise _locked()


def _locked() -> SignInLocked:
    return SignInLocked(minutes=int(WINDOW.total_seconds() // 60))
