"""Terms are settled here and nowhere else: asked of every subject, counted, signed, published.

A subject is a function (host app, version) → the members it adds. Whoever writes a row that a subject reads calls
`settle_version` or `settle_program` in the same publication.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ferry.kernel.identity.models import HostApp
from ferry.kernel.publishing.services import Publication
from miniapps.models import MiniProgram, Review, ReviewState, Terms, Version
from miniapps.selectors.parts import parts_terms, plugins_terms
from miniapps.selectors.permissions import granted_members
from miniapps.selectors.privacy import privacy_terms
from miniapps.terms import NONE, terms_of
from miniapps.terms_signature import sign_terms

SUBJECTS: tuple[Callable[[HostApp, Version], Mapping[str, Any]], ...] = (
    parts_terms,
    plugins_terms,
    privacy_terms,
    granted_members,
)
"""Each says its members of the terms, and nothing where it has nothing to say."""


def settle_version(publication: Publication, version: Version) -> Terms | None:
    """Bring the terms of an approved version up to what its subjects say now; None while there is nothing to say.

    Only inside `publishing(host_app)`, which puts those who settle in line. A change counts the serial on.
    """
    host_app = publication.host_app
    body = terms_of(*(subject(host_app, version) for subject in SUBJECTS))
    kept = Terms.objects.of(host_app.workspace).filter(host_app=host_app, version=version).first()
    if kept is None and body == NONE:
        return None
    if kept is not None and kept.body == body:
        return kept
    terms = kept or Terms(workspace=host_app.workspace, host_app=host_app, version=version, serial=0)
    terms.serial, terms.body = terms.serial + 1, body
    terms.signature = sign_terms(host_app, version, terms.numbered)
    terms.save()
    publication.changed("program", version.program.program_id)
    return terms


def settle_program(publication: Publication, program: MiniProgram) -> None:
    """`settle_version` for each version of the program that is approved on this host app."""
    host_app = publication.host_app
    approved = Review.objects.of(host_app.workspace).filter(
        host_app=host_app, version__program=program, state=ReviewState.APPROVED
    )
    versions = Version.objects.of(host_app.workspace).filter(pk__in=approved.values("version"))
    for version in versions.select_related("program").defer("files", "report").order_by("code"):
        settle_version(publication, version)
