"""What people write for things: a version as PROGRAM@CODE, a host app by its number or name, a share as 20%."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

from ferry.cli.api import Api
from ferry.cli.errors import Usage


def segment(text: str) -> str:
    """A part of a path as it goes into an address. An empty one would be another address. Raises Usage."""
    if not text:
        raise Usage("A name in the command line is empty. Is a variable of your script not set?")
    return quote(text, safe="")


def version_id(api: Api, text: str) -> str:
    """The id of a version given as PROGRAM@CODE, PROGRAM@latest, or by the id itself. Raises Usage."""
    program, at, code = text.rpartition("@")
    if text and not at:
        return text
    if not program or (code != "latest" and not (code.isascii() and code.isdecimal())):  # "²" is a digit, no number
        raise Usage(f"“{text}” names no version. Write PROGRAM@CODE, PROGRAM@latest, or the version's id.")
    for version in api.items(f"mini-programs/{segment(program)}/versions"):  # newest first
        if code == "latest" or version["code"] == int(code):
            return str(version["id"])
    raise Usage(f"{program} has no version {code}.")


def host_app_id(api: Api, text: str) -> str:
    """The id of a host app given by its id, number, app key or name. Raises Usage when none or several fit."""
    apps = list(api.items("host-apps"))
    fits = [app for app in apps if text in (app["id"], app["app_key"], str(app["number"]))]
    fits = fits or [app for app in apps if app["name"] == text]
    if len(fits) == 1:
        return str(fits[0]["id"])
    known = ", ".join(f"{app['number']} {app['name']} ({app['environment']})" for app in apps) or "none"
    raise Usage(f"“{text}” is not one host app. There are: {known}. Name one by its number.")


def share(text: str) -> int:
    """A share in 1/10,000 of what people write as 20%, 0.01 % or 20. Raises Usage."""
    try:
        percent = Decimal(text.replace("%", "").strip())
    except InvalidOperation:
        percent = Decimal(-1)
    if not percent.is_finite() or not 0 <= percent <= 100 or percent * 100 != int(percent * 100):
        raise Usage(f"“{text}” is not a share. Write a percentage from 0 to 100 in steps of 0.01, like 20%.")
    return int(percent * 100)


def host_range(texts: list[str]) -> dict[str, Mapping[str, Any]]:
    """Bounds from PLATFORM=MIN, PLATFORM=MIN..MAX; ["android=6.0.0..7.2", "ios=6.1"]. Raises Usage."""
    bounds: dict[str, Mapping[str, Any]] = {}
    for text in texts:
        platform, equals, versions = text.partition("=")
        low, _, high = versions.partition("..")
        if not platform or not equals or not low:
            raise Usage(f"“{text}” is not a host range. Write PLATFORM=MIN or PLATFORM=MIN..MAX, like android=6.0.0.")
        bounds[platform] = {"min": low, "max": high or None}
    return bounds


def as_query(value: Mapping[str, Any]) -> str:
    """An object as one value of a query; empty for an empty one."""
    return json.dumps(value, separators=(",", ":")) if value else ""
