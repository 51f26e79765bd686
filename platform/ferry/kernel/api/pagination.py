"""Pages that stay right while rows are added: newest first, the cursor is the last row's key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import models
from django.utils.translation import gettext as _

from ferry.kernel.errors import Invalid

M = TypeVar("M", bound=models.Model)

DEFAULT_LIMIT = 50
MOST = 200
_LONGEST_CURSOR = 80


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """Rows, and the cursor of the next page; none on the last."""

    rows: list[M]
    next: str | None


def page_of(queryset: models.QuerySet[M], *, cursor: str, limit: str, key: str = "id") -> Page[M]:
    """The rows after `cursor`, by descending `key`, a unique field. Raises Invalid for what is no cursor or limit."""
    most = _limit(limit)
    rows = queryset.order_by(f"-{key}")
    if cursor:
        rows = rows.filter(**{f"{key}__lt": _cursor(queryset.model, key, cursor)})
    found = list(rows[: most + 1])
    more = len(found) > most
    return Page(found[:most], str(getattr(found[most - 1], key)) if more else None)


def _limit(text: str) -> int:
    if not text:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= MOST):
        raise Invalid(reason=_("limit is a number from 1 to {most}").format(most=MOST))
    return int(text)


def _cursor(model: type[models.Model], key: str, text: str) -> Any:
    whole = isinstance(model._meta.get_field(key), models.IntegerField)
    fine = text.isdigit() and len(text) <= 18 if whole else text.isprintable() and len(text) <= _LONGEST_CURSOR
    if not (text.isascii() and fine):
        raise Invalid(reason=_("the cursor is not one that this list gave"))
    return int(text) if whole else text
