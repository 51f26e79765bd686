"""Files that leave the platform and come into another one: preset bundles, exports, imports, and whom to trust."""

from __future__ import annotations

import os
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ferry.cli import commands, names
from ferry.cli.api import Api
from ferry.cli.errors import ACCEPTED, NotReached, RuleRefused, Usage
from ferry.cli.output import Output

_ASK_EVERY_S = 1.0
_PATIENCE_S = 600.0  # for a worker to make a large file


def preset(given: Namespace, out: Output) -> int:
    """Fetch a signed bundle of mini-programs for building into a host app."""
    programs = []
    for text in given.programs:
        program, _, code = text.partition("@")
        if not program or (code and not (code.isascii() and code.isdigit())):
            raise Usage(f"“{text}” names no mini-program. Write PROGRAM, or PROGRAM@CODE.")
        programs.append({"id": program, **({"code": int(code)} if code else {})})
    _check(given.out)
    body = {"programs": programs, "platform": given.platform or "", "host_version": given.host_version or ""}
    with commands.connect(given) as api:
        app = names.host_app_id(api, given.app)
        made = _fetched(api, api.post(f"host-apps/{names.segment(app)}/preset-bundles", body), given.out, out)
    held = ", ".join(f"{program}@{code}" for program, code in made["programs"].items())
    out.result(made, f"✓ bundle {made['serial']} with {held}", f"  {given.out}: {made['size']} bytes")
    return ACCEPTED


def export(given: Namespace, out: Output) -> int:
    """Fetch a signed version with its approvals, to be carried where no network leads."""
    _check(given.out)
    with commands.connect(given) as api:
        version = names.version_id(api, given.version)
        asked = api.post(f"versions/{names.segment(version)}/exports", {"recipient": given.recipient})
        made = _fetched(api, asked, given.out, out)
        key = api.get("export-key")
    made["fingerprint"] = key["fingerprint"]
    out.result(
        made,
        f"✓ {given.version} in {given.out}: {made['size']} bytes",
        f"  signed by the key {key['fingerprint']}; say it to whoever imports, by another way than this file",
    )
    return ACCEPTED


def take(given: Namespace, out: Output) -> int:
    """Take in a version that another installation exported; with --inspect only look into the file."""
    with commands.connect(given) as api, _opened(given.path) as file:
        if given.inspect:
            seen = api.upload("imports/inspect", file, {}, out.progress)
            out.result(seen, *_seen(seen))
            return ACCEPTED
        made = api.upload("imports", file, {}, out.progress)
    counted = [f"  approved for host app {review['host_app']}" for review in made["approvals"]]
    out.result(
        made,
        f"✓ {made['program']} {made['version_name']} is version {made['version_code']}, sha256 {made['sha256']}",
        *(counted or [f"  next: ferry submit {made['program']}@{made['version_code']} --app APP"]),
    )
    return ACCEPTED


def trust(given: Namespace, out: Output) -> int:
    """Take exports that a key signs from now on; its fingerprint is what the exporter says."""
    with commands.connect(given) as api:
        counts = {}
        for text in given.counts:
            there, equals, here = text.partition("=")
            if not equals or not there:
                raise Usage(f"“{text}” is no pair. Write APP_KEY_THERE=APP_HERE.")
            counts[there] = names.host_app_id(api, here)
        with _opened(given.path) as file:
            seen = api.upload("imports/inspect", file, {})
        body = {
            "name": given.name or seen["workspace"]["name"],
            "workspace_of_origin": seen["workspace"]["id"],
            "public_pem": seen["public_pem"],
            "fingerprint": given.fingerprint,
            "approvals": counts,
        }
        made = api.post("trusted-exporters", body)
    out.result(made, f"✓ exports of {made['name']} are taken (key {made['fingerprint']})")
    return ACCEPTED


def key(given: Namespace, out: Output) -> int:
    """Show the key that signs this workspace's exports, for whoever shall trust it."""
    with commands.connect(given) as api:
        shown = api.get("export-key")
    out.result(shown, f"{shown['workspace']['name']} ({shown['workspace']['id']})", f"  key {shown['fingerprint']}")
    return ACCEPTED


def _opened(path: Path) -> Any:
    try:
        return path.open("rb")
    except OSError as wrong:
        raise Usage(f"{path} cannot be read: {wrong.strerror}.") from None


def _check(target: Path) -> None:
    """Before anything is asked for: whether the file can be put there. Raises Usage."""
    if target.is_dir() or not os.access(target.parent, os.W_OK):
        raise Usage(f"{target} cannot be written.")


def _fetched(api: Api, archive: dict[str, Any], target: Path, out: Output) -> dict[str, Any]:
    """Wait until the file is made, then write it: whole under its name, or not at all."""
    archive = _waited(lambda: api.get(f"archives/{names.segment(archive['id'])}"), archive)
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".ferry-")
    except OSError as wrong:
        raise Usage(f"{target.parent} cannot be written to: {wrong.strerror}.") from None
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            found = api.download(f"archives/{names.segment(archive['id'])}/file", file, out.progress)
        if found != archive["sha256"]:
            raise NotReached("The file did not arrive whole. Run the command again.")
        unfinished.chmod(0o644)
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)
    return archive


def _waited(ask: Callable[[], dict[str, Any]], archive: dict[str, Any]) -> dict[str, Any]:
    until = time.monotonic() + _PATIENCE_S
    while archive["state"] == "due":
        if time.monotonic() > until:
            raise NotReached("The file is still not made. Does a worker run? Run the command again later.")
        time.sleep(_ASK_EVERY_S)
        archive = ask()
    if archive["state"] != "made":
        raise RuleRefused(archive["problem"]["message"], {"error": {**archive["problem"], "details": {}}})
    return archive


def _seen(seen: dict[str, Any]) -> list[str]:
    program, version = seen["program"], seen["version"]
    lines = [
        f"{program['name']} ({program['id']}) {version['name']}, version {version['code']}, {version['size']} bytes",
        f"  from {seen['workspace']['name']} ({seen['workspace']['id']}), {seen['created_at']}",
        f"  key {seen['fingerprint']}: {'trusted here' if seen['trusted'] else 'not trusted here'}",
    ]
    lines += [
        f"  approved for {each['host_app']} ({each['environment']}, {each['app_key']}) by {each['decided_by']}"
        for each in seen["approvals"]
    ]
    return lines
