"""The package statement: what the signature of an approval says, and what a device rebuilds to verify it.

It names the host app, so that an approval in test is worth nothing in production, and the file table, so that a host
which keeps unpacked files can prove them without the zip.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferry.kernel.signing.canonical import canonical_json

if TYPE_CHECKING:
    from miniapps.models import Version


def package_statement(app_key: str, version: Version) -> bytes:
    """The signed bytes. Each value travels in the check-in's answer, so a device needs nothing else."""
    return canonical_json(
        {
            "host_app": app_key,
            "program": version.program.program_id,
            "version_code": version.code,
            "sha256": version.sha256,
            "size": version.size,
            "files_root": version.files_root,
        }
    )
