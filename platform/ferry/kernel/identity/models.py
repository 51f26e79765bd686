"""Tables of identity: accounts, workspaces, members, host apps, their keys, API tokens.

Private to this app: others call ferry.kernel.identity.services and .selectors. Secrets are stored as hashes where
Ferry only compares them, sealed where it must use them.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from ferry.kernel.db import Identified, TenantModel

LANGUAGES = [
    ("en", "English"),
    ("zh-hans", "简体中文"),
]  # what the console speaks; settings.LANGUAGES has the same codes
LOCAL = "local"  # the issuer of accounts whose password Ferry itself keeps


class Account(Identified, AbstractBaseUser):
    """A person who signs in, named by (issuer, subject) so that OIDC and LDAP can join; belongs to no workspace.

    For issuer "local" the subject is the e-mail address in lower case.
    """

    issuer = models.CharField(max_length=200, default=LOCAL)
    subject = models.CharField(max_length=254)
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=120)
    language = models.CharField(max_length=16, default="en", choices=LANGUAGES)
    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(default=False)  # true while the password is one that Ferry handed out

    USERNAME_FIELD = "id"  # unique by itself; people sign in with issuer and e-mail, see backends.py
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="account_issuer_subject")]

    def __str__(self) -> str:
        return self.email

    def get_username(self) -> str:
        """What was typed at sign-in: the counters of failed attempts are kept under it."""
        return self.subject


class Workspace(Identified):
    """A tenant: everything else belongs to exactly one."""

    name = models.CharField(max_length=120)
    slug = models.CharField(max_length=63, unique=True)

    def __str__(self) -> str:
        return self.slug


class Member(TenantModel):
    """An account's place in a workspace, with its roles. Never deleted: the audit log refers to it."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    roles = models.JSONField(default=list)
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "account"], name="member_once")]

    def __str__(self) -> str:
        return f"{self.account_id} in {self.workspace_id}"


class Environment(models.TextChoices):
    """Where a host app runs. A version approved in test is promoted to production byte for byte."""

    TEST = "test", _("Test")
    PRODUCTION = "production", _("Production")


class Consent(models.TextChoices):
    """Who asks the user for consent (DESIGN rule 13). REQUIRED: no consent in the request, nothing stored."""

    HANDLED_BY_APP = "handled_by_app", _("Handled by the app")
    REQUIRED = "required", _("Required by Ferry")


PLATFORMS = ("ios", "android", "harmony", "web")


class HostApp(TenantModel):
    """A super app in one environment: what a device belongs to. Written only inside publishing()."""

    number = models.PositiveIntegerField(unique=True)  # Sentry's SDKs demand an integer project
    name = models.CharField(max_length=120)
    environment = models.CharField(max_length=10, choices=Environment.choices, default=Environment.PRODUCTION)
    platforms = models.JSONField(default=list)
    app_key = models.CharField(max_length=40, unique=True)  # public: it ships inside the app
    cors_origins = models.JSONField(default=list)
    check_interval_s = models.PositiveIntegerField(default=1800)
    checkins_per_second = models.PositiveIntegerField(default=10_000)  # all edges together; each takes its share
    consent = models.CharField(max_length=20, choices=Consent.choices, default=Consent.HANDLED_BY_APP)
    link_base = models.CharField(max_length=200, blank=True, default="")  # what deep links into the app begin with
    active = models.BooleanField(default=True)
    device_token_key = models.TextField()  # sealed; random, kept for life: a new one would sign out every device

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name", "environment"], name="host_app_name_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.environment})"


class KeyKind(models.TextChoices):
    """What a host app's key proves: SERVER that a call comes from the company's server, USER_TOKEN who a user is."""

    SERVER = "server", _("Server key")
    USER_TOKEN = "user_token", _("User-token key")


class HostAppKey(TenantModel):
    """A key of a host app. Written only inside publishing(); revoked, never deleted."""

    host_app = models.ForeignKey(HostApp, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=KeyKind.choices)
    name = models.CharField(max_length=120)
    alg = models.CharField(max_length=8, default="")  # user_token: HS256, ES256 or RS256
    kid = models.CharField(max_length=40, default="")  # user_token: what the JWT header names
    hash = models.CharField(max_length=64, default="")  # server: SHA-256 of the key, hex
    hint = models.CharField(max_length=12, default="")  # server: its first characters, to tell keys apart
    sealed = models.TextField(default="")  # HS256: the shared secret
    public_pem = models.TextField(default="")  # ES256, RS256
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["host_app", "kid"], condition=~models.Q(kid=""), name="host_app_key_kid_once"
            ),
            models.UniqueConstraint(fields=["hash"], condition=~models.Q(hash=""), name="host_app_key_hash_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class ApiToken(TenantModel):
    """A credential of a program or a person for the management API. The plain token is shown once, here is its hash.

    `principal` answers for what the token does: an account id (then the token can do no more than that member can at
    the moment, and ends with the membership) or "robot:<id>" for the tokens of `bootstrap`.
    """

    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=20, unique=True)
    hash = models.CharField(max_length=64)
    roles = models.JSONField(default=list)
    principal = models.CharField(max_length=40)
    allowed_networks = models.JSONField(default=list)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.prefix}… {self.name}"


class Counter(models.Model):
    """A number that grows inside a transaction, without gaps: its row lock puts writers in line."""

    name = models.CharField(primary_key=True, max_length=40)
    value = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def next(cls, name: str) -> int:
        """The next number, starting at 1. Call inside a transaction."""
        cls.objects.get_or_create(name=name)
        cls.objects.filter(name=name).update(value=models.F("value") + 1)
        value: Any = cls.objects.values_list("value", flat=True).get(name=name)
        return int(value)
