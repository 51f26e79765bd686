"""w3c: a MiniApp package (.ma) by the W3C drafts on packaging and manifest of January 2025.

The published JSON schema is not used: most members stand inside `version` in it, so that it accepts nearly anything.
What the processing algorithm ignores (an optional member of a wrong form) is ignored here too, and reported. The
suite of the group lists a page that is not in its packages; see SUITE.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from miniapps.packages.declared import MAX_PAGES, MAX_REQUESTS, Declared, is_capability, is_path
from miniapps.packages.findings import Code, Finding, Refused
from miniapps.packages.kinds.app_json import one_line
from miniapps.packages.kinds.files import Files
from miniapps.packages.kinds.kind import Choices, Kind
from miniapps.packages.manifest import OTHERS as FILE
from miniapps.packages.manifest import Manifest

SUITE = "test.jsonld"
"""Beside src/ it marks a package of the W3C test suite. Its manifests name "pages/home/home" where the file is
pages/home.html: there, and only there, a missing page is a warning, and the report says that the profile applied."""

_SCRIPT, _STYLE, _PAGES, _TEXTS = "app.js", "app.css", "pages/", "i18n/"
_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")

Rule = tuple[Callable[[Any], bool], Any]
"""Whether a value is good, and what applies without one."""


def _word(*words: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in words


def _colour(value: Any) -> bool:
    return isinstance(value, str) and _COLOUR.fullmatch(value) is not None


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31


def _line(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= 1024 and value.isprintable()


WINDOW: Mapping[str, Rule] = {
    "auto_design_width": (_flag, False),
    "background_color": (_colour, "#ffffff"),
    "background_text_style": (_word("dark", "light"), "dark"),
    "design_width": (_number, 750),
    "enable_pull_down_refresh": (_flag, False),
    "fullscreen": (_flag, False),
    "navigation_bar_background_color": (_colour, "#000000"),
    "navigation_bar_text_style": (_word("white", "black"), "white"),
    "navigation_bar_title_text": (_line, ""),
    "navigation_style": (_word("default", "custom"), "default"),
    "on_reach_bottom_distance": (_number, 50),
    "orientation": (_word("portrait", "landscape"), "portrait"),
}
OPTIONAL: Mapping[str, Callable[[Any], bool]] = {
    "dir": _word("ltr", "rtl", "auto"),
    "lang": _line,
    "short_name": _line,
    "description": _line,
    "color_scheme": _word("auto", "dark", "light"),
    "device_type": lambda value: isinstance(value, list) and all(map(_line, value)),
    "req_permissions": lambda value: isinstance(value, list) and len(value) <= MAX_REQUESTS,
    "widgets": lambda value: isinstance(value, list),
    "window": lambda value: isinstance(value, dict),
}
REQUIRED: Mapping[str, Callable[[Any], bool]] = {
    "app_id": _line,
    "name": _line,
    "version": lambda value: isinstance(value, dict) and _number(value.get("code")) and _line(value.get("name")),
    "icons": lambda value: isinstance(value, list) and bool(value) and all(map(_is_icon, value)),
    "pages": lambda value: isinstance(value, list) and 0 < len(value) <= MAX_PAGES and all(map(is_path, value)),
    "platform_version": lambda value: isinstance(value, dict) and _number(value.get("min_code")),
}


def _is_icon(value: Any) -> bool:
    return isinstance(value, dict) and is_path(value.get("src"))


def _find(paths: Collection[str]) -> bool:
    return FILE in paths and "index.html" not in paths and (_SCRIPT in paths or _STYLE in paths)


def _read(files: Files) -> Manifest:
    raw = files.object(FILE)
    good: dict[str, Any] = {}
    for member, is_good in REQUIRED.items():
        if is_good(raw.get(member)):
            good[member] = raw[member]
        else:
            files.wrong(FILE, member)
    for member, value in raw.items():
        if member in OPTIONAL and OPTIONAL[member](value):
            good[member] = value
        elif member not in REQUIRED:
            files.ignored(FILE, member)
    pages = tuple(dict.fromkeys(page.strip("/") for page in good.get("pages", ())))
    icons = good.get("icons") or [{"src": ""}]
    return Manifest(
        file=FILE,
        name=one_line(good.get("name")),
        version=one_line(good.get("version", {}).get("name")),
        description=good.get("description", "")[:500],
        entry=pages[0] if pages else "",
        icon=icons[-1]["src"].strip("/"),
        min_runtime=str(good.get("platform_version", {}).get("min_code", "")),
        declared=Declared(
            pages=pages,
            capabilities=tuple(dict.fromkeys(_permissions(good.get("req_permissions", ()), files))),
            window=_window(good.get("window", {}), files),
        ),
    )


def _permissions(value: Iterable[Any], files: Files) -> Iterable[str]:
    for each in value:
        if isinstance(each, dict) and is_capability(each.get("name")):
            yield each["name"]
        else:
            files.ignored(FILE, "req_permissions")


def _window(value: Mapping[str, Any], files: Files) -> Mapping[str, Any]:
    for member in value:
        if member not in WINDOW or not WINDOW[member][0](value[member]):
            files.ignored(FILE, f"window.{member}")
    return {
        member: value[member] if member in value and is_good(value[member]) else default
        for member, (is_good, default) in WINDOW.items()
    }


def _page_files(page: str, manifest: Manifest) -> Iterable[Choices]:
    yield f"{page}.html", page if page.endswith(".html") else f"{page}.html"


def _check(manifest: Manifest, files: Files) -> Iterable[Finding]:
    for name in (_SCRIPT, _STYLE):
        if name not in files:
            yield Finding(Code.FILE_MISSING, name, {"file": name})
    if not any(path.startswith(_PAGES) for path in files.paths):
        yield Finding(Code.FILE_MISSING, _PAGES, {"file": _PAGES})
    texts = [path for path in files.paths if path.startswith(_TEXTS) and path.endswith(".json")]
    for path in sorted(texts):
        try:
            files.object(path)
        except Refused as refused:
            yield refused.finding
    if not texts:
        files.report.warnings.append(Finding(Code.TEXTS_MISSING, _TEXTS))


KIND = Kind("w3c", _find, _read, _page_files, _check)
