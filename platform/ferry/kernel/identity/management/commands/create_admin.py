"""`manage.py create_admin --email …`: the first administrator of a workspace, with a password printed once.

`script/server` runs it with `--if-none` at every start: only a platform without a single account gets one.
Also the way for an account of another workspace to join (decision 0104), then perhaps with another `--role`.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from ferry.kernel.errors import FerryError
from ferry.kernel.identity import selectors, services
from ferry.kernel.identity.actors import system
from ferry.kernel.identity.bootstrap import named_workspace
from ferry.kernel.identity.errors import AlreadyMember
from ferry.kernel.identity.models import Account
from ferry.kernel.identity.rights import Role


class Command(BaseCommand):
    """Makes the workspace too when there is none. Someone who has an account keeps its password."""

    help = "Add an administrator (or --role) to a workspace, made if missing. Prints a new account's password, once."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--workspace", default="main", metavar="NAME")
        parser.add_argument("--email", default="admin@localhost")
        parser.add_argument("--name", default="Administrator")
        parser.add_argument(
            "--role", action="append", choices=[role.value for role in Role], help="instead of admin; repeatable"
        )
        parser.add_argument(
            "--new-password", action="store_true", help="hand out a new one-time password when the member exists"
        )
        parser.add_argument("--if-none", action="store_true", help="do nothing where anybody can sign in already")
        parser.add_argument("--json", action="store_true", help="one JSON object on one line")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["if_none"] and Account.objects.filter(is_active=True).exists():
            return
        try:
            with transaction.atomic():
                workspace, password = self._carry_out(options)
        except FerryError as refused:
            raise CommandError(refused.text()) from None
        if options["json"]:
            self.stdout.write(
                json.dumps({"workspace": workspace, "email": options["email"], "one_time_password": password})
            )
        elif password is None:
            self.stdout.write(f"{options['email']} is a member of “{workspace}” and signs in as before.")
        else:
            self.stdout.write(
                f"{options['email']} is a member of “{workspace}”.\nOne-time password (shown only now): {password}"
            )

    def _carry_out(self, options: dict[str, Any]) -> tuple[str, str | None]:
        workspace = named_workspace(options["workspace"])
        if workspace is None:
            workspace = services.create_workspace(name=options["workspace"], by="create_admin")
        actor = system(workspace, "create_admin")
        roles = options["role"] or [Role.ADMIN.value]
        try:
            new = services.create_member(actor=actor, email=options["email"], name=options["name"], roles=roles)
        except AlreadyMember:
            member = selectors.members(workspace).get(account__subject=options["email"].strip().lower())
            member = services.reactivate_member(actor=actor, member=member)
            services.set_roles(actor=actor, member=member, roles=sorted({*member.roles, *roles}))
            password = services.reset_password(actor=actor, member=member) if options["new_password"] else None
            return workspace.slug, password
        return workspace.slug, new.password
