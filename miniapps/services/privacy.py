"""Privacy agreements: published for a mini-program, in new versions only, and sent with its signed terms."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.utils.translation import gettext as _

from ferry.kernel.audit.services import record
from ferry.kernel.identity.actors import Actor
from ferry.kernel.publishing.services import publishing_workspace
from miniapps.errors import AgreementInvalid
from miniapps.languages import LANGUAGES
from miniapps.models import MiniProgram, PrivacyAgreement
from miniapps.permissions import domains
from miniapps.permissions.wording import fault_text
from miniapps.services.programs import require_change
from miniapps.services.scope import within
from miniapps.services.terms import settle_program

LONGEST_TEXT = 2000  # characters: what fits a sheet on a phone; the whole agreement stands at its address
_LONGEST_URL = 500
# What a URI is made of but quotes and brackets: it stands in pages of the console and of host apps nobody here wrote.
_URL = re.compile(r"https://([^/?#*\s]+)(?:[/?#][A-Za-z0-9._~:/?#@!$&()*+,;=%-]*)?")


def publish_agreement(
    *, actor: Actor, program: MiniProgram, text: Mapping[str, str], url: Mapping[str, str]
) -> PrivacyAgreement:
    """A new version of what people are asked to accept before the mini-program opens: a text, an address, or both.

    Every approved version on every host app gets new terms at once. What is in force already is no change: nobody is
    asked again, and the answer is the version that is there. Rights as for `update_program`. Raises
    AgreementInvalid.
    """
    within(actor, program)
    texts, urls = _texts(text), _urls(url)
    if not texts and not urls:
        raise AgreementInvalid(reason=_("it needs a text or an address in at least one language."))
    with publishing_workspace(actor.workspace) as publications:
        require_change(actor, program)
        rows = PrivacyAgreement.objects.of(actor.workspace).filter(program=program)
        newest = rows.order_by("-version").first()
        if newest is not None and (newest.text, newest.url) == (texts, urls):
            return newest
        agreement = PrivacyAgreement.objects.create(
            workspace=actor.workspace,
            program=program,
            version=1 if newest is None else newest.version + 1,
            text=texts,
            url=urls,
            created_by=actor.person_id,
            created_by_name=actor.name[:150],
        )
        for publication in publications:
            settle_program(publication, program)
        after = {"program_id": program.program_id, "version": agreement.version, "text": texts, "url": urls}
        record(actor=actor, action="program.privacy_published", target=program, after=after)
    return agreement


def _texts(given: Mapping[str, str]) -> dict[str, str]:
    texts = {language: text.replace("\r\n", "\n").strip() for language, text in _known(given).items()}
    for text in texts.values():
        if len(text) > LONGEST_TEXT or (not text.replace("\n", " ").isprintable() and text):
            raise AgreementInvalid(
                reason=_("a text has at most {limit} characters, all of them printable.").format(limit=LONGEST_TEXT)
            )
    return {language: text for language, text in texts.items() if text}


def _urls(given: Mapping[str, str]) -> dict[str, str]:
    urls = {language: url.strip() for language, url in _known(given).items() if url.strip()}
    for url in urls.values():
        match = _URL.fullmatch(url)
        if match is None or not url.isascii() or len(url) > _LONGEST_URL:
            reason = _(
                "an address begins with https:// and has at most {limit} characters; spaces, quotes and what is not"
                " ASCII are percent-encoded."
            )
            raise AgreementInvalid(reason=reason.format(limit=_LONGEST_URL))
        try:
            domains.clean(match[1])
        except domains.BadDomain as bad:
            raise AgreementInvalid(reason=f"{bad.text}: {fault_text(bad.fault)}") from bad
    return urls


def _known(given: Mapping[str, str]) -> Mapping[str, str]:
    if not set(given) <= set(LANGUAGES):
        raise AgreementInvalid(reason=_("languages are {known}.").format(known=", ".join(LANGUAGES)))
    return given
