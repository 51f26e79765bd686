"""A version on its way from one workspace to another."""

from __future__ import annotations

import io
from collections.abc import Mapping

from ferry.kernel.identity.actors import system
from ferry.kernel.storage import blobs
from miniapps import services
from miniapps.models import Archive, TrustedExporter, Version
from tests.world import World


def exported(world: World, version: Version, recipient: str = "") -> io.BytesIO:
    """The export file of a version."""
    asked = services.ask_for_export(actor=world.operator, version=version, recipient=recipient)
    return content(services.make_now(asked))


def content(archive: Archive) -> io.BytesIO:
    """The bytes of a file that was made."""
    assert archive.state == "made", archive.problem
    with blobs().open(archive.sha256) as file:
        return io.BytesIO(file.read())


def trust(here: World, there: World, approvals: Mapping[str, str] | None = None) -> TrustedExporter:
    """The administrator here trusts the workspace there, after a telephone call."""
    key = services.export_key(actor=there.operator)
    return services.trust_exporter(
        actor=system(here.workspace, "admin"),
        name=there.workspace.name,
        workspace_of_origin=there.workspace.pk,
        public_pem=key.public_pem,
        given_fingerprint=key.fingerprint,
        approvals=approvals,
    )


def take_in(here: World, file: io.BytesIO) -> services.Imported:
    """A developer here imports the file."""
    reading, upload = services.read_import(actor=here.developer, file=file)
    return services.add_import(actor=here.developer, reading=reading, upload=upload)
