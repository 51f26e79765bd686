"""What an export says: a version, the approvals that it has, and everything needed to check both on the other side.

Pure. The statement under each approval's signature is rebuilt here and never taken from the file, as a device does it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ferry.kernel.signing import ecdsa
from ferry.kernel.signing.canonical import canonical_json
from miniapps.carrying.files import Damaged

FORMAT = "ferry-export/1"
NAME = "export"


class _Told(msgspec.Struct, forbid_unknown_fields=True):
    """A member that this release does not know may mean something: it is refused, and the format gets a new number."""


class Person(_Told):
    id: str
    name: str


class Place(_Told):
    """A workspace."""

    id: str
    name: str


class Program(_Told):
    id: str
    name: str
    description: str
    category: str
    order: int
    icon: str | None  # sha256 of a picture in the file


class Version(_Told):
    code: int
    name: str
    kind: str
    sha256: str
    size: int
    files_root: str
    entry: str
    host_range: dict[str, dict[str, str | None]]
    min_runtime: str
    notes: str
    uploaded_by: Person
    uploaded_at: str


class HostApp(_Told):
    app_key: str
    name: str
    environment: str


class Signature(_Told):
    alg: str
    kid: str
    value: str


class Approval(_Told):
    host_app: HostApp
    submitted_by: Person
    submitted_at: str
    note: str
    decided_by: Person
    decided_at: str
    reason: str
    signature: Signature
    terms: dict[str, Any] | None  # with their serial, as devices had them; for people to read


class Entry(_Told):
    """An entry of the audit log about the version. Its chain can be checked only where it was written."""

    number: int
    at: str
    actor: str
    action: str
    before: str
    after: str
    previous: str
    hash: str


class Export(_Told):
    format: str
    serial: int
    created_at: str
    workspace: Place
    recipient: str  # id of the workspace that it is for; empty: any that trusts the key
    program: Program
    version: Version
    approvals: list[Approval]
    keys: dict[str, str]  # kid → PEM
    audit: list[Entry]

    def authors(self) -> set[str]:
        """Who uploaded or submitted the version there."""
        return {self.version.uploaded_by.id, *(approval.submitted_by.id for approval in self.approvals)}

    def statement(self, app_key: str) -> bytes:
        """What the approval for this host app has signed; miniapps.statement says why it is these six members."""
        return canonical_json(
            {
                "host_app": app_key,
                "program": self.program.id,
                "version_code": self.version.code,
                "sha256": self.version.sha256,
                "size": self.version.size,
                "files_root": self.version.files_root,
            }
        )


def read(value: dict[str, Any]) -> Export:
    """The export that this document is. Its approvals are still to be checked. Raises Damaged."""
    if value.get("format") != FORMAT:
        raise Damaged("format")
    try:
        return msgspec.convert(value, Export)
    except msgspec.ValidationError:
        raise Damaged("format") from None


def check_approvals(export: Export) -> None:
    """Each approval is signed by a key of the exporter, and by nobody about his own work. Raises Damaged."""
    for approval in export.approvals:
        pem = export.keys.get(approval.signature.kid)
        statement, signature = export.statement(approval.host_app.app_key), approval.signature
        if pem is None or signature.alg != "ES256" or not ecdsa.verify(pem, statement, signature.value):
            raise Damaged("approval")
        if approval.decided_by.id in (export.version.uploaded_by.id, approval.submitted_by.id):
            raise Damaged("own_work")
