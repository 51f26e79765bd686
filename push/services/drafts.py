"""The fields of a draft: checked one by one and together, and as the audit log keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from analytics import audience as audiences
from ferry.kernel.errors import NotFound
from ferry.kernel.identity.models import HostApp
from ferry.kernel.ids import LONGEST_USER
from push import content
from push.errors import CampaignInvalid
from push.models import Audience, Campaign
from push.rules import quiet
from push.rules.limits import MOST_NAMED
from push.rules.placeholders import Words
from push.services.templates import clean_name

FIELDS = (
    "name",
    "audience",
    "values",
    "holdout_share",
    "return_window_s",
    "return_signal",
    "quiet_hours",
    "zone",
    "max_per_minute",
    "valid_for_s",
    "planned_at",
    "late_by_s",
)
_SIGNALS = ("any", "event", "checkin")
_RANGES = {  # field → least and most
    "holdout_share": (0, 9_000),
    "return_window_s": (10, 90 * 86_400),
    "valid_for_s": (60, 28 * 86_400),
    "late_by_s": (60, 7 * 86_400),
    "max_per_minute": (1, 10_000_000),
}


def put(campaign: Campaign, values: Mapping[str, Any], *, host_app: HostApp) -> None:
    """Set the given fields, `words` (with `template_id`) among them. Raises CampaignInvalid, ContentInvalid."""
    if "words" in values:
        words: Words = content.checked(values["words"])
        for column, value in content.columns(words).items():
            setattr(campaign, column, value)
        campaign.template_id = values.get("template_id", "")
    for name in FIELDS:
        if name in values:
            setattr(campaign, name, values[name])
    campaign.name = clean_name(campaign.name)
    campaign.values = content.values_of(content.words_of(campaign), campaign.values)
    content.filled(content.words_of(campaign), campaign.values)
    _check(campaign)
    _check_audience(campaign, host_app)


def told(campaign: Campaign) -> dict[str, Any]:
    """For the audit log: of named users their number, never their names."""
    fields = {name: getattr(campaign, name) for name in FIELDS if name != "audience"}
    audience = dict(campaign.audience)
    if "users" in audience:
        audience["users"] = len(audience["users"])
    return {**fields, **content.columns(content.words_of(campaign)), "audience": audience}


def _check(campaign: Campaign) -> None:
    for name, (least, most) in _RANGES.items():
        value = getattr(campaign, name)
        if value is None and name == "max_per_minute":
            continue
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            reason = _("{name} is a whole number from {least} to {most}.")
            raise CampaignInvalid(reason=reason.format(name=name, least=least, most=most))
    if campaign.return_signal not in _SIGNALS:
        raise CampaignInvalid(reason=_("return_signal is any, event or checkin."))
    if campaign.zone and not quiet.known_zone(campaign.zone):
        raise CampaignInvalid(reason=_("{zone} is no time zone.").format(zone=campaign.zone[:64]))
    try:
        hours = quiet.parse(campaign.quiet_hours)
    except ValueError:
        raise CampaignInvalid(
            reason=_("quiet hours have a start and an end, such as 22:00 and 08:00, which differ.")
        ) from None
    if hours is not None and timedelta(seconds=campaign.valid_for_s) < hours.length + timedelta(hours=3):
        raise CampaignInvalid(
            reason=_("it would expire before the quiet hours are over. Let it be valid at least 3 hours longer.")
        )


def _check_audience(campaign: Campaign, host_app: HostApp) -> None:
    audience = campaign.audience
    expected = {
        Audience.EVERYONE: set(),
        Audience.USERS: {"users"},
        Audience.SEGMENT: {"segment"},
        Audience.BAND: {"band"},
    }
    kind = audience.get("kind") if isinstance(audience, dict) else None
    if kind not in expected or set(audience) - {"kind"} != expected[kind]:
        raise CampaignInvalid(
            reason=_("the audience is everyone, users with their ids, a segment by its id, or a band by its name.")
        )
    names = (
        audience["users"] if kind == Audience.USERS else [value for name, value in audience.items() if name != "kind"]
    )
    if kind == Audience.USERS and not (isinstance(names, list) and 0 < len(names) <= MOST_NAMED):
        raise CampaignInvalid(reason=_("name 1 to {most} users, or use a segment.").format(most=MOST_NAMED))
    if not all(isinstance(name, str) and 0 < len(name) <= LONGEST_USER and name.isprintable() for name in names):
        raise CampaignInvalid(
            reason=_("an id in the audience has 1 to {limit} printable characters.").format(limit=LONGEST_USER)
        )
    if kind == Audience.SEGMENT:
        try:
            audiences.fingerprint(host_app, audience)
        except NotFound:
            raise CampaignInvalid(reason=_("there is no such segment here.")) from None
