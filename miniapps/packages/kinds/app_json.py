"""What app.json says, in the form that WeChat, Alipay and Dimina's compiler share.

Its runtimes stop at what is wrong in it, so a member of a wrong form is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from miniapps.packages.declared import (
    MAX_PAGES,
    MAX_REQUESTS,
    MAX_SUBPACKAGES,
    clean_root,
    is_capability,
    is_name,
    is_path,
)
from miniapps.packages.findings import Code, Finding

Wrong = Callable[[str], None]
"""Is told the member that has a wrong form."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A sub-package: its root as pages name it, and its pages with that root before them."""

    name: str
    root: str
    independent: bool
    pages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AppJson:
    """Pages as the runtime names them: without a leading slash, those of a sub-package with its root."""

    main: tuple[str, ...]
    folders: tuple[Folder, ...]
    tabs: tuple[str, ...]
    entry: str  # the page that opens first
    capabilities: tuple[str, ...]
    preload: Mapping[str, tuple[str, ...]]  # page → names of sub-packages

    @property
    def pages(self) -> tuple[str, ...]:
        """Every page once, those of the main package first."""
        return tuple(dict.fromkeys([*self.main, *(page for folder in self.folders for page in folder.pages)]))

    def findings(self, file: str) -> Iterable[Finding]:
        """What contradicts itself: an entry that is no page, tabs outside the main package, pages in a foreign root."""
        pages, main = set(self.pages), set(self.main)
        if self.entry and self.entry not in pages:
            yield Finding(Code.PAGE_UNKNOWN, file, {"page": self.entry})
        for tab in self.tabs:
            if tab in main:
                continue
            code = Code.TAB_IN_SUBPACKAGE if tab in pages else Code.PAGE_UNKNOWN
            yield Finding(code, file, {"page": tab})
        for page in self.main:
            for folder in self.folders:
                if page.startswith(f"{folder.root}/"):
                    yield Finding(Code.PAGE_IN_SUBPACKAGE, file, {"page": page, "name": folder.name})


def read_app_json(raw: Mapping[str, Any], wrong: Wrong) -> AppJson:
    """The members that Ferry uses; the rest is between the mini-program and its runtime."""
    main = _pages(raw.get("pages"), wrong, "pages")
    if not main:
        wrong("pages")
    named = "subpackages" if "subpackages" in raw else "subPackages"
    folders = tuple(_folders(raw.get(named, []), wrong, named))
    if len(main) + sum(len(folder.pages) for folder in folders) > MAX_PAGES:
        wrong(f"{named}.pages")
        folders = ()
    entry = raw.get("entryPagePath", main[0] if main else "")
    if not is_path(entry) and main:
        wrong("entryPagePath")
        entry = main[0]
    return AppJson(
        main=main,
        folders=folders,
        tabs=tuple(_tabs(raw.get("tabBar", {}), wrong)),
        entry=str(entry).strip("/"),
        capabilities=_capabilities(raw, wrong),
        preload=_preload(raw.get("preloadRule", {}), folders, wrong),
    )


def one_line(value: Any) -> str:
    """A name of another platform's, when it can be one of ours."""
    return value.strip()[:64] if isinstance(value, str) and value.isprintable() else ""


def _pages(value: Any, wrong: Wrong, member: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MAX_PAGES or not all(map(is_path, value)):
        wrong(member)
        return ()
    return tuple(dict.fromkeys(page.strip("/") for page in value))


def _folders(value: Any, wrong: Wrong, member: str) -> Iterable[Folder]:
    if not isinstance(value, list) or len(value) > MAX_SUBPACKAGES:
        wrong(member)
        return
    for each in value:
        if not isinstance(each, dict) or not is_path(each.get("root")) or clean_root(each["root"]) == "":
            wrong(member)
            continue
        root = clean_root(each["root"])
        name = each.get("name") if is_name(each.get("name")) else root.replace("/", ".")
        independent = each.get("independent", False)
        if not is_name(name) or not isinstance(independent, bool):
            wrong(member)
            continue
        pages = _pages(each.get("pages"), wrong, f"{member}.pages")
        yield Folder(str(name), root, independent, tuple(f"{root}/{page}" for page in pages))


def _tabs(value: Any, wrong: Wrong) -> Iterable[str]:
    """WeChat: {"list": [{"pagePath"}]}; Alipay: {"items": [{"pagePath"}]}."""
    tabs = value.get("list", value.get("items", [])) if isinstance(value, dict) else None
    if not isinstance(tabs, list) or len(tabs) > MAX_PAGES or not all(map(_is_tab, tabs)):
        wrong("tabBar")
        return
    for tab in tabs:
        yield tab["pagePath"].strip("/")


def _is_tab(value: Any) -> bool:
    return isinstance(value, dict) and is_path(value.get("pagePath"))


def _capabilities(raw: Mapping[str, Any], wrong: Wrong) -> tuple[str, ...]:
    """What it wants to call: the scopes it explains to the user, and the interfaces about private data it lists."""
    explained, private = raw.get("permission"), raw.get("requiredPrivateInfos")
    names: Collection[Any] = [
        *(explained if isinstance(explained, dict) else ()),
        *(private if isinstance(private, list) else ()),
    ]
    found = tuple(dict.fromkeys(name for name in names if is_capability(name)))
    if len(found) > MAX_REQUESTS:
        wrong("permission")
        return ()
    return found


def _preload(value: Any, folders: Iterable[Folder], wrong: Wrong) -> Mapping[str, tuple[str, ...]]:
    """{"pages/home": {"packages": ["name or root", …]}}; what is no sub-package stays as it is, for the check."""
    if not isinstance(value, dict) or len(value) > MAX_PAGES or not all(is_path(page) for page in value):
        wrong("preloadRule")
        return {}
    names = {folder.root: folder.name for folder in folders}
    found: dict[str, tuple[str, ...]] = {}
    for page, rule in value.items():
        wanted = rule.get("packages") if isinstance(rule, dict) else None
        if not isinstance(wanted, list) or len(wanted) > MAX_SUBPACKAGES or not all(map(is_path, wanted)):
            wrong("preloadRule")
            continue
        known = [str(names.get(clean_root(each), each)) for each in wanted if each != "__APP__"]
        found[page.strip("/")] = tuple(dict.fromkeys(known))
    return found
