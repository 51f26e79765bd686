"""dimina: what Dimina's compiler makes. main/ with app-config.json and logic.js, sub_<root>/ for each sub-package.

A page "page/home" of the main package is main/page_home.js; pages of a game are drawn by logic.js alone. Layout and
names follow fe/packages/compiler of didi/dimina.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from miniapps.packages.declared import Declared, Subpackage
from miniapps.packages.findings import Code, Finding
from miniapps.packages.kinds.app_json import one_line, read_app_json
from miniapps.packages.kinds.files import Files
from miniapps.packages.kinds.kind import Choices, Kind
from miniapps.packages.manifest import Manifest

_CONFIG, _LOGIC = "main/app-config.json", "main/logic.js"


def _find(paths: Collection[str]) -> bool:
    return _CONFIG in paths


def _read(files: Files) -> Manifest:
    raw = files.object(_CONFIG)
    if not isinstance(raw.get("app"), dict):
        files.wrong(_CONFIG, "app")
        return Manifest(file=_CONFIG)
    app = read_app_json(raw["app"], lambda member: files.wrong(_CONFIG, f"app.{member}"))
    files.report.errors.extend(app.findings(_CONFIG))
    game = raw["app"].get("runtimeType") == "game"
    return Manifest(
        file=_CONFIG,
        name=one_line(raw.get("projectName")),
        entry=app.entry,
        declared=Declared(
            pages=() if game else app.pages,
            subpackages=tuple(Subpackage(each.name, f"sub_{each.root}", each.independent) for each in app.folders),
            capabilities=app.capabilities,
            preload=app.preload,
        ),
    )


def _page_files(page: str, manifest: Manifest) -> Iterable[Choices]:
    folders = (each.root for each in manifest.declared.subpackages)
    folder = next((root for root in folders if page.startswith(f"{root.removeprefix('sub_')}/")), "main")
    yield (f"{folder}/{page.replace('/', '_')}.js",)


def _check(manifest: Manifest, files: Files) -> Iterable[Finding]:
    if _LOGIC not in files:
        yield Finding(Code.FILE_MISSING, _LOGIC, {"file": _LOGIC})
    for each in manifest.declared.subpackages:
        logic = f"{each.root}/logic.js"
        if logic not in files and any(map(each.holds, files.paths)):
            yield Finding(Code.FILE_MISSING, logic, {"file": logic})


KIND = Kind("dimina", _find, _read, _page_files, _check)
