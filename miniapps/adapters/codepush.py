"""CodePush's words for what Ferry decides: deployment keys, labels, package hashes, the answer to an update check.

Pure. Compatible with the acquisition API of microsoft/code-push-server and with its clients; docs/decisions/0645.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

PLATFORMS = ("ios", "android", "harmony", "web")
_IGNORED = (".DS_Store", ".codepushrelease")  # by CodePush's clients, when they hash what they have unpacked
_LABEL = re.compile(r"v(\d{1,10})")
_CAMEL = {"download_url": "downloadURL", "target_binary_range": "target_binary_range"}


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a deployment key names."""

    app_key: str
    platform: str
    program_id: str

    def __str__(self) -> str:
        return f"{self.app_key}.{self.platform}.{self.program_id}"


def deployment(key: str) -> Deployment | None:
    """The reverse of str(Deployment); None for what is no deployment key. An app key holds no dot."""
    app_key, _, rest = key.partition(".")
    platform, _, program_id = rest.partition(".")
    return Deployment(app_key, platform, program_id) if app_key and platform in PLATFORMS and program_id else None


def label(code: int) -> str:
    """The label of a version: "v13"."""
    return f"v{code}"


def code_of(text: str) -> int | None:
    """The version code behind a label; None for a label that is not ours."""
    match = _LABEL.fullmatch(text)
    code = int(match[1]) if match else 0
    return code if 0 < code < 2**31 else None


def package_hash(files: Iterable[tuple[str, str]]) -> str:
    """CodePush's hash of a package: sha256 over the JSON of its sorted "path:sha256" lines. `files`: path and sha256.

    Sorted as JavaScript sorts, by UTF-16 units: a client computes the same over what it has unpacked.
    """
    lines = [f"{path}:{sha256}" for path, sha256 in files if not _ignored(path)]
    lines.sort(key=lambda line: line.encode("utf-16-be"))
    text = json.dumps(lines, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _ignored(path: str) -> bool:
    return path.startswith("__MACOSX/") or path.rpartition("/")[2] in _IGNORED


@dataclass(frozen=True, slots=True)
class Package:
    """A version as CodePush's clients get it."""

    code: int
    package_hash: str
    url: str
    size: int
    description: str
    mandatory: bool


@dataclass(frozen=True, slots=True)
class Running:
    """What the client says it runs. Empty texts: what is built into the binary."""

    app_version: str
    package_hash: str
    label: str

    def is_(self, package: Package) -> bool:
        """By hash where it says one, as CodePush does: the same content uploaded twice is no update."""
        if self.package_hash:
            return self.package_hash == package.package_hash
        return self.label == label(package.code)


def update_info(package: Package | None, running: Running, *, store_version: str) -> dict[str, Any]:
    """The answer. `package` is what this device is given, None for nothing; `store_version`, when not empty, the least
    binary that the newest release wants and this one is too old for.

    A device that is taken back to an older version is offered it like any other: a client compares hashes, never
    labels. The binary range is the client's own version, for old clients can read nothing else there.
    """
    available = package is not None and not running.is_(package)
    info: dict[str, Any] = {
        "download_url": "",
        "description": "",
        "is_available": available,
        "is_mandatory": False,
        "app_version": "",
        "target_binary_range": "",
        "package_hash": "",
        "label": "",
        "package_size": 0,
        "update_app_version": False,
        "should_run_binary_version": package is None,
    }
    if package is not None and available:
        return info | {
            "download_url": package.url,
            "description": package.description,
            "is_mandatory": package.mandatory,
            "app_version": running.app_version,
            "target_binary_range": running.app_version,
            "package_hash": package.package_hash,
            "label": label(package.code),
            "package_size": package.size,
        }
    if package is None and store_version:
        return info | {"update_app_version": True, "app_version": store_version, "target_binary_range": store_version}
    return info


def camel(info: Mapping[str, Any]) -> dict[str, Any]:
    """The same members as clients of the first API know them: camelCase, but for one that never was."""
    return {_CAMEL.get(name) or _camel(name): value for name, value in info.items()}


def snake(said: Mapping[str, Any]) -> dict[str, Any]:
    """What a client said in either spelling, as snake_case: `appVersion` and `app_version` are the same."""
    return {re.sub(r"[A-Z]", lambda letter: "_" + letter[0].lower(), name): value for name, value in said.items()}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)
