"""wechat and alipay: source trees as their developer tools keep them. Checked and stored; no device can run them.

The project's file names the folder of the code (miniprogramRoot). FinClip's trees are WeChat's with a file more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import partial

from miniapps.packages.declared import Declared, Subpackage, clean_root
from miniapps.packages.findings import Code, Finding
from miniapps.packages.kinds.app_json import one_line, read_app_json
from miniapps.packages.kinds.files import Files
from miniapps.packages.kinds.kind import Choices, Kind
from miniapps.packages.manifest import Manifest

WECHAT_PROJECT, ALIPAY_PROJECT = "project.config.json", "mini.project.json"
_SCRIPTS = (".js", ".ts")


def _find(project: str, template: str, paths: Collection[str]) -> bool:
    """A project file with code somewhere, or the code alone. Its own templates tell it from the other kind."""
    if project in paths:
        return any(path.rpartition("/")[2] in ("app.json", "game.json") for path in paths)
    return "app.json" in paths and any(path.endswith(template) for path in paths)


def _read(project: str, files: Files) -> Manifest:
    root, name = "", ""
    if project in files:
        about = files.object(project)
        name = one_line(about.get("projectname"))
        wanted = about.get("miniprogramRoot", "")
        if isinstance(wanted, str):
            root = f"{clean_root(wanted)}/" if clean_root(wanted) not in ("", ".") else ""
        else:
            files.wrong(project, "miniprogramRoot")
    if f"{root}app.json" not in files:
        return _read_game(files, root, name)
    file = f"{root}app.json"
    app = read_app_json(files.object(file), partial(files.wrong, file))
    files.report.errors.extend(app.findings(file))
    return Manifest(
        file=file,
        name=name,
        entry=app.entry,
        root=root,
        declared=Declared(
            pages=app.pages,
            subpackages=tuple(Subpackage(each.name, root + each.root, each.independent) for each in app.folders),
            capabilities=app.capabilities,
            preload=app.preload,
        ),
    )


def _read_game(files: Files, root: str, name: str) -> Manifest:
    """A game has game.json and game.js in place of app.json and pages."""
    file = f"{root}game.json"
    if file not in files:
        files.report.errors.append(Finding(Code.FILE_MISSING, f"{root}app.json", {"file": f"{root}app.json"}))
        return Manifest(name=name, root=root)
    app = read_app_json({**files.object(file), "pages": ["game"]}, partial(files.wrong, file))
    if f"{root}game.js" not in files:
        files.report.errors.append(Finding(Code.FILE_MISSING, f"{root}game.js", {"file": f"{root}game.js"}))
    folders = tuple(Subpackage(each.name, root + each.root, each.independent) for each in app.folders)
    return Manifest(file=file, name=name, entry="game", root=root, declared=Declared(subpackages=folders))


def _page_files(template: str, page: str, manifest: Manifest) -> Iterable[Choices]:
    yield (f"{manifest.root}{page}{template}",)
    yield tuple(f"{manifest.root}{page}{script}" for script in _SCRIPTS)


def _kind(name: str, project: str, template: str) -> Kind:
    return Kind(
        name, partial(_find, project, template), partial(_read, project), partial(_page_files, template), source=True
    )


WECHAT = _kind("wechat", WECHAT_PROJECT, ".wxml")
ALIPAY = _kind("alipay", ALIPAY_PROJECT, ".axml")
