"""The condition editor: rows of property, comparison and values, as targeting constraints and back."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from django.http import QueryDict

from console import words

LIST_OPERATORS = {"IN", "NOT_IN", "STR_STARTS_WITH", "STR_ENDS_WITH", "STR_CONTAINS"}
PROPERTIES = ("platform", "os", "model", "host_version", "network", "locale", "userId", "deviceId")
FLAGS = ("inverted", "caseInsensitive")  # kept through an edit; the editor itself sets none


def conditions(data: QueryDict) -> list[dict[str, Any]]:
    """The rows of the condition editor as targeting constraints. Rows without a property fall away."""
    columns = (data.getlist(f"condition_{part}") for part in ("name", "operator", "values", "flags"))
    rows = []
    for name, operator, text, flags in zip_longest(*columns, fillvalue=""):
        if not name.strip():
            continue
        row: dict[str, Any] = {"contextName": name.strip(), "operator": operator}
        if operator in LIST_OPERATORS:
            row["values"] = [value.strip() for value in text.replace("\n", ",").split(",") if value.strip()]
        else:
            row["value"] = text.strip()
        rows.append(row | {flag: True for flag in FLAGS if flag in flags.split()})
    return rows


def editable(constraints: Sequence[dict[str, Any]]) -> bool:
    """Whether the editor can show these constraints and give back the very same ones."""
    return all(_row_holds(one) for one in constraints)


def _row_holds(constraint: dict[str, Any]) -> bool:
    operator, rest = constraint.get("operator", ""), set(constraint) - {"contextName", "operator"}
    if operator not in words.VOCABULARY["operator"]:
        return False
    if any(constraint[flag] is not True for flag in rest & set(FLAGS)):
        return False
    if operator in LIST_OPERATORS:
        values = constraint.get("values")
        plain = isinstance(values, list) and all(isinstance(each, str) and _plain(each) for each in values)
        return plain and rest <= {"values", *FLAGS}
    value = constraint.get("value")
    return isinstance(value, str) and value == value.strip() and rest <= {"value", *FLAGS}


def _plain(value: str) -> bool:
    return value != "" and value == value.strip() and "," not in value and "\n" not in value
