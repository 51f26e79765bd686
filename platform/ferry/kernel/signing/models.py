"""The table of signing keys. Private to this app: others call ferry.kernel.signing.services."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ferry.kernel import ids
from ferry.kernel.db import TenantModel

ES256 = "ES256"  # ECDSA over P-256 with SHA-256 (RFC 7518 section 3.4), the signature in DER as phones expect it


class Purpose(models.TextChoices):
    """What a key signs. Apart, so that the key in use every minute is not the one that vouches for code."""

    PACKAGE = "package", _("Packages")
    FRESHNESS = "freshness", _("Freshness")
    ROOT = "root", _("The list of keys")


def new_kid() -> str:
    """A key id, unique over all workspaces: `GET /keys/{kid}` names no workspace."""
    return f"k{ids.unguessable(60)}"


class SigningKey(TenantModel):
    """A key pair of a workspace. Written only inside publishing: its public half is in every snapshot.

    Signs until `retired_at`; verifies until `revoked_at`, for phones keep packages that older keys signed.
    """

    kid = models.CharField(max_length=40, unique=True, default=new_kid)
    alg = models.CharField(max_length=8, default=ES256)
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    public_pem = models.TextField()
    sealed_private = models.TextField()
    retired_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "purpose"], condition=Q(retired_at=None), name="signing_key_one_active"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kid} ({self.purpose})"


class KeySet(TenantModel):
    """The list of a workspace's keys as phones get it, signed by its root keys. Written by signing.keysets alone.

    `version` grows whenever the keys change; the same list is signed again before it expires.
    """

    version = models.PositiveIntegerField()
    statement = models.JSONField()  # {"version", "issued_at", "expires_at", "keys": [{alg, kid, pem, purpose}]}
    signatures = models.JSONField()  # [{alg, kid, value}], one by each root key that counts
    signed_at = models.BigIntegerField()  # ms

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace"], name="one_key_set")]

    def __str__(self) -> str:
        return f"keys {self.version} of {self.workspace_id}"
