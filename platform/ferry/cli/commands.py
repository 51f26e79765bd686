"""What each command does: read its arguments, call the API, say the outcome. Rules live on the platform."""

from __future__ import annotations

import getpass
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from typing import Any

from ferry.cli import names, profile
from ferry.cli.api import Api
from ferry.cli.archive import archive
from ferry.cli.checking import check_package
from ferry.cli.errors import ACCEPTED, REFUSED, NotSignedIn, Usage
from ferry.cli.output import Output, report_lines
from ferry.cli.profile import Profile

Connect = Callable[[], Api]


def login(given: Namespace, out: Output) -> int:
    """Try a token against its site and keep both."""
    token = given.token or _ask_for_token()
    if not token:
        raise NotSignedIn
    chosen = Profile(profile.site(given.site), token)
    with Api(chosen, language=language(os.environ)) as api:
        me = api.get("me")
    kept = profile.save(chosen, os.environ)
    out.result(me, f"Signed in to {chosen.site} as {me['name']}, workspace {me['workspace']['name']}. Kept in {kept}.")
    return ACCEPTED


def validate(given: Namespace, out: Output) -> int:
    """Check a folder or zip on this machine."""
    with archive(given.path) as file:
        checked = check_package(file)
    lines = report_lines(checked["report"])
    package = checked["package"]
    if package:
        lines.append(f"✓ accepted: {package['kind']}, {package['files']} files, {package['size']} bytes canonical")
        lines.append(f"  sha256 {package['sha256']}")
    else:
        lines.append("✗ refused")
    out.result(checked, *lines)
    return ACCEPTED if checked["accepted"] else REFUSED


def upload(given: Namespace, out: Output) -> int:
    """Check, then upload as the newest version of a mini-program."""
    path, program = given.path or given.pp, given.program
    if path is None or program is None:
        raise Usage("Give the folder or zip, and the mini-program with --program (miniprogram-ci: --pp, --appid).")
    with archive(path) as file, connect() as api:
        checked = check_package(file)
        if not checked["accepted"]:  # nothing is sent that would be refused anyway
            out.result(checked, *report_lines(checked["report"]), "✗ refused; nothing was uploaded")
            return REFUSED
        if given.create:
            _create(api, program, given.create)
        query = {"name": given.name, "code": given.code, "notes": given.notes}
        query["host_range"] = names.as_query(names.host_range(given.host))
        given_query = {name: str(value) for name, value in query.items() if value}
        made = api.upload(f"mini-programs/{names.segment(program)}/versions", file, given_query, out.progress)
    out.result(
        made,
        *report_lines(made["report"]),
        f"✓ {program} {made['name']} is version {made['code']}: {made['size']} bytes, sha256 {made['sha256']}",
        f"  next: ferry submit {program}@{made['code']} --app APP",
    )
    return ACCEPTED


def preview(given: Namespace, out: Output) -> int:
    """Make an address at which the files of a version can be opened for a while."""
    with connect() as api:
        version = names.version_id(api, given.version)
        made = api.post(f"versions/{names.segment(version)}/previews", {"hours": given.hours})
    out.result(made, made["url"], f"  open until {made['expires_at']}")
    return ACCEPTED


def submit(given: Namespace, out: Output) -> int:
    """Ask for a review of a version on a host app."""
    with connect() as api:
        version, app = names.version_id(api, given.version), names.host_app_id(api, given.app)
        made = api.post(f"versions/{names.segment(version)}/submit", {"host_app": app, "note": given.notes})
    out.result(made, f"✓ {given.version} waits for review (review {made['id']})")
    return ACCEPTED


def release(given: Namespace, out: Output) -> int:
    """Start a release of an approved version."""
    plan: dict[str, Any] = {"kind": "full", "apply": given.apply, "note": given.notes}
    if given.users or given.devices:
        plan |= {"kind": "trial", "users": given.users, "devices": given.devices}
    if given.share is not None:
        plan |= {"kind": "gray", "share": names.share(given.share)}
    with connect() as api:
        version, app = names.version_id(api, given.version), names.host_app_id(api, given.app)
        made = api.post("releases", {"version": version, "host_app": app, **plan})
    whom = {"full": "all devices", "trial": "the named users and devices", "gray": f"{made['share'] / 100:g} %"}
    out.result(
        made,
        f"✓ {made['program']} {made['version_name']} goes to {whom[made['kind']]} (release {made['id']})",
        f"  undo: ferry rollback {made['id']} --reason WHY",
    )
    return ACCEPTED


def rollback(given: Namespace, out: Output) -> int:
    """Stop a release, or serve an earlier version again."""
    if (given.release is None) == (given.to is None):
        raise Usage("Give either a release to stop, or --to PROGRAM@CODE --app APP to serve again.")
    with connect() as api:
        if given.release is not None:
            made = api.post(f"releases/{names.segment(given.release)}/roll-back", {"reason": given.reason})
            lines = [
                f"✓ {made['program']} {made['version_name']} is rolled back; its devices return to what was before"
            ]
        else:
            made, lines = _roll_back_to(api, given)
    out.result(made, *lines)
    return ACCEPTED


def explain(given: Namespace, out: Output) -> int:
    """Why a device gets what it gets."""
    asked: dict[str, Any] = {"program": given.program}
    if given.device:
        asked["device"] = given.device
    elif given.platform and given.host_version:
        asked["context"] = {"platform": given.platform, "host_version": given.host_version}
        if given.user:
            asked["context"]["user"] = given.user
    else:
        raise Usage("Name a --device, or describe one with --platform and --host-version.")
    with connect() as api:
        app = names.host_app_id(api, given.app)
        made = api.post(f"host-apps/{names.segment(app)}/explain", asked)
    out.result(made, *_explanation(made))
    return ACCEPTED


def connect() -> Api:
    """The API of the profile in use."""
    return Api(profile.load(os.environ), language=language(os.environ))


def language(environ: Mapping[str, str]) -> str:
    """The language that the platform's sentences come in: that of the terminal, Chinese or else English."""
    spoken = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    return "zh-hans" if spoken.lower().startswith("zh") else "en"


def _ask_for_token() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("API token: ").strip()
    return sys.stdin.readline().strip()  # echo "$TOKEN" | ferry login --site …: no secret in the process list


def _create(api: Api, program: str, name: str) -> None:
    if all(one["id"] != program for one in api.items("mini-programs")):
        api.post("mini-programs", {"id": program, "name": name})


def _roll_back_to(api: Api, given: Namespace) -> tuple[dict[str, Any], list[str]]:
    if not given.app or "@" not in given.to:
        raise Usage("--to needs PROGRAM@CODE and --app APP.")
    program = given.to.rpartition("@")[0]
    body = {
        "version": names.version_id(api, given.to),
        "host_app": names.host_app_id(api, given.app),
        "reason": given.reason,
    }
    made = api.post(f"mini-programs/{names.segment(program)}/roll-back", body)
    stopped = ", ".join(one["version_name"] for one in made["stopped"]) or "nothing"
    return made, [f"✓ {made['serving']['version_name']} is served again; stopped: {stopped}"]


def _explanation(made: Mapping[str, Any]) -> list[str]:
    if made["withdrawn"] is not None:
        return [f"Withdrawn: {made['withdrawn']}"]
    chosen = made["release"]
    lines = [
        f"Gets {chosen['version_name']} by the {chosen['kind']} release {chosen['id']}" if chosen else "Gets nothing"
    ]
    for step in made["steps"]:
        sign = "✓" if step["chosen"] else "✗"
        lines.append(f"{sign} {step['release']['kind']} release of {step['release']['version_name']}")
        lines += [f"    {reason}" for reason in step["reasons"]]
    return lines
