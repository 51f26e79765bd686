"""Terms: what a host must know about a version beside its package, and may change while the package stays.

Pure. Which subjects there are and how they are merged; miniapps.services.terms stores and signs the result. The
package statement (miniapps.statement) stays as it is: terms have a signature of their own, so that a right can be
taken back without a new package. docs/permissions.md tells a host what to do with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ferry.kernel.signing.canonical import canonical_json
from miniapps.packages.declared import DOMAIN_USES


def terms_of(*said: Mapping[str, Any]) -> dict[str, Any]:
    """What the subjects say, as one object without its serial. A member that none of them names is left out.

    Capabilities and domains are always there, so that a host need not tell "nothing granted" from "not said". Two
    subjects that name the same member are a bug.
    """
    merged: dict[str, Any] = {"capabilities": [], "domains": {kind: [] for kind in DOMAIN_USES}}
    named: set[str] = set()
    for part in said:
        if twice := named & part.keys():
            raise ValueError(f"two subjects say {sorted(twice)} in the terms")
        named |= part.keys()
        merged |= part
    return merged


NONE = terms_of()
"""The terms of a version of which nobody has anything to say: it is sent without terms."""


def terms_statement(app_key: str, program_id: str, version_code: int, terms: Mapping[str, Any]) -> bytes:
    """The signed bytes. `terms` has its serial: a device refuses a lower one than it has seen for the same version."""
    return canonical_json(
        {"host_app": app_key, "program": program_id, "version_code": version_code, "terms": dict(terms)}
    )
