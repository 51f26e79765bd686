"""What a project file of another tool says about a build: which folder, which program, what to leave out.

WeChat and its likes keep project.config.json, Alipay mini.project.json. Read on request only (--use-project-config).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ferry.cli.errors import Usage

FILES = ("project.config.json", "mini.project.json")
LeftOut = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Project:
    """What to pack and for whom. `left_out` is asked with the path below `folder`, its parts joined by “/”."""

    folder: Path
    program: str
    left_out: LeftOut


def everything(path: Path) -> Project:
    """`path` as it is."""
    return Project(path, "", lambda _: False)


def read(path: Path) -> Project:
    """The project in this folder. Raises Usage when it has no file that says so."""
    file = next((path / name for name in FILES if (path / name).is_file()), None)
    if file is None:
        raise Usage(f"{path} has no {' or '.join(FILES)}. Leave out --use-project-config to take the folder as it is.")
    try:
        said = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as wrong:
        raise Usage(f"{file} cannot be read: {wrong}.") from None
    if not isinstance(said, dict):
        raise Usage(f"{file} is not a JSON object.")
    folder = path / str(said.get("miniprogramRoot") or ".")
    if not folder.resolve().is_relative_to(path.resolve()) or not folder.is_dir():
        raise Usage(f"{file}: miniprogramRoot is no folder inside {path}.")
    return Project(folder, str(said.get("appid") or ""), _left_out(said))


def _left_out(said: Mapping[str, Any]) -> LeftOut:
    packing = said.get("packOptions")
    listed = packing.get("ignore") if isinstance(packing, dict) else None
    rules = [_rule(one) for one in listed or () if isinstance(one, dict)]
    patterns = [str(one) for one in said.get("uploadExclude") or ()]
    rules.append(lambda path: any(fnmatchcase(path, pattern) for pattern in patterns))
    return lambda path: any(rule(path) for rule in rules)


def _rule(one: Mapping[str, Any]) -> LeftOut:
    kind, value = str(one.get("type")), str(one.get("value") or "").strip("/")
    if not value:
        return lambda path: False
    rules: dict[str, LeftOut] = {
        "folder": lambda path: path == value or path.startswith(f"{value}/"),
        "file": lambda path: path == value,
        "suffix": lambda path: path.endswith(value),
        "prefix": lambda path: path.rpartition("/")[2].startswith(value),
        "glob": lambda path: fnmatchcase(path, value),
    }
    if kind not in rules:
        raise Usage(f"packOptions.ignore: “{kind}” is not known here. Use one of {', '.join(rules)}.")
    return rules[kind]
