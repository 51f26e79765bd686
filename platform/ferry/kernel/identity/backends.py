"""Django's way in for local accounts: issuer "local" and e-mail. OIDC and LDAP will be backends beside this one."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from ferry.kernel.identity.models import LOCAL, Account


class LocalAccountBackend(BaseBackend):
    """Checks an e-mail address and a password.

    It stands behind axes' backend, which refuses after repeated failures before any password is looked at.
    """

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_: Any
    ) -> Account | None:
        """The account, or None. An unknown address costs one hash too, so that time does not tell who exists."""
        if not username or password is None:
            return None
        account = Account.objects.filter(issuer=LOCAL, subject=username.lower()).first()
        if account is None:
            make_password(password)
            return None
        return account if account.check_password(password) and account.is_active else None

    def get_user(self, user_id: str) -> Account | None:
        """The account behind a session; none once it is closed, so that closing it ends its sessions."""
        return Account.objects.filter(pk=user_id, is_active=True).first()
