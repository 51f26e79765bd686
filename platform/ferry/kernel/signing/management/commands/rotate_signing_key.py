"""`manage.py rotate_signing_key`: sign with a new key from now on; with --revoke, distrust an old one as well."""

from __future__ import annotations

import argparse
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ferry.kernel.errors import FerryError
from ferry.kernel.identity.actors import system
from ferry.kernel.identity.models import Workspace
from ferry.kernel.signing import selectors, services
from ferry.kernel.signing.models import Purpose


class Command(BaseCommand):
    """The new key reaches every edge with the next poll; docs/publishing.md says when to do which."""

    help = "Replace a workspace's signing key. Phones go on trusting what the old one signed, unless it is revoked."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--workspace", required=True, metavar="SLUG")
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--purpose", choices=Purpose.values, help="replace the key of this purpose")
        which.add_argument("--revoke", metavar="KID", help="distrust this key, replacing it where it still signs")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = Workspace.objects.filter(slug=options["workspace"]).first()
        if workspace is None:
            raise CommandError(f"There is no workspace “{options['workspace']}”.", returncode=2)
        actor = system(workspace, "rotate_signing_key")
        try:
            if options["revoke"]:
                services.revoke_key(actor=actor, kid=options["revoke"])
            else:
                services.rotate_key(actor=actor, purpose=options["purpose"])
        except FerryError as refusal:
            raise CommandError(refusal.text(), returncode=1) from refusal
        for key in selectors.public_keys(workspace):
            told = {"kid": key.kid, "purpose": key.purpose, "signs": key.retired_at is None}
            self.stdout.write(json.dumps(told))
