"""What each command does: read its arguments, call the API, say the outcome. Rules live on the platform."""

from __future__ import annotations

import getpass
import os
import sys
from argparse import Namespace
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from ferry.cli import building, names, profile, qr
from ferry.cli.api import Api
from ferry.cli.archive import archive
from ferry.cli.checking import check_package
from ferry.cli.errors import ACCEPTED, REFUSED, NotSignedIn, Usage
from ferry.cli.output import Output, report_lines
from ferry.cli.profile import Profile


def login(given: Namespace, out: Output) -> int:
    """Try a token against its site and keep both."""
    if given.token_file is not None:
        chosen = profile.from_file(given.token_file, given.site, os.environ)
    else:
        if not given.site:
            raise Usage("Give the platform's address with --site.")
        token = given.token or _ask_for_token()
        if not token:
            raise NotSignedIn
        if not profile.sendable(token):
            raise Usage("This is no API token.")
        chosen = Profile(profile.site(given.site), token)
    with Api(chosen, language=language(os.environ), proxy=given.proxy) as api:
        me = api.get("me")
    kept = profile.save(chosen, os.environ)
    out.result(me, f"Signed in to {chosen.site} as {me['name']}, workspace {me['workspace']['name']}. Kept in {kept}.")
    return ACCEPTED


def validate(given: Namespace, out: Output) -> int:
    """Check a folder or zip on this machine."""
    build = building.find(given)
    with archive(build.folder, build.left_out) as file:
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
    build = building.find(given, need_program=True)
    with archive(build.folder, build.left_out) as file:
        if not building.accepted(file, out):
            return REFUSED
        with connect(given) as api:
            made = building.send(api, file, build.program, given, out)
    out.result(
        made,
        *report_lines(made["report"]),
        f"✓ {build.program} {made['name']} is version {made['code']}: {made['size']} bytes, sha256 {made['sha256']}",
        f"  next: ferry submit {build.program}@{made['code']} --app APP",
    )
    return ACCEPTED


def preview(given: Namespace, out: Output) -> int:
    """Make an address at which the files of a version can be opened for a while; of a build, upload it first."""
    if (given.version is None) == (given.pp is None):
        raise Usage("Give either a version that is there, or the build with --pp and its mini-program with --appid.")
    uploaded: dict[str, Any] = {}
    with ExitStack() as stack:
        if given.pp is not None:
            build = building.find(given, need_program=True)
            file = stack.enter_context(archive(build.folder, build.left_out))
            if not building.accepted(file, out):
                return REFUSED
            api = stack.enter_context(connect(given))
            uploaded = building.send(api, file, build.program, given, out)
            version = uploaded["id"]
        else:
            api = stack.enter_context(connect(given))
            version = names.version_id(api, given.version)
        made = api.post(f"versions/{names.segment(version)}/previews", {"hours": given.hours})
    if uploaded:
        made["version"] = uploaded
    drawn = (
        ""
        if out.as_json and not given.qrcode_output_dest
        else qr.show(made["url"], given.qrcode_format, given.qrcode_output_dest)
    )
    out.result(made, *filter(None, (made["url"], f"  open until {made['expires_at']}", drawn)))
    return ACCEPTED


def submit(given: Namespace, out: Output) -> int:
    """Ask for a review of a version on a host app."""
    with connect(given) as api:
        version, app = names.version_id(api, given.version), names.host_app_id(api, given.app)
        made = api.post(f"versions/{names.segment(version)}/submit", {"host_app": app, "note": given.notes})
    out.result(made, f"✓ {given.version} waits for review (review {made['id']})")
    return ACCEPTED


def release(given: Namespace, out: Output) -> int:
    """Start a release of an approved version."""
    plan: dict[str, Any] = {"kind": "full", "apply": given.apply, "network": given.network, "note": given.notes}
    if given.users or given.devices:
        plan |= {"kind": "trial", "users": given.users, "devices": given.devices}
    if given.share is not None:
        plan |= {"kind": "gray", "share": names.share(given.share)}
    plan |= {name: value for name, value in (("starts_at", given.starts_at), ("ends_at", given.ends_at)) if value}
    plan |= {"segments": given.segments} if given.segments else {}
    with connect(given) as api:
        version, app = names.version_id(api, given.version), names.host_app_id(api, given.app)
        made = api.post("releases", {"version": version, "host_app": app, **plan})
    when = "will go" if made["state"] == "scheduled" else "goes"
    whom = {"full": "all devices", "trial": "the named users and devices", "gray": f"{made['share'] / 100:g} %"}
    out.result(
        made,
        f"✓ {made['program']} {made['version_name']} {when} to {whom[made['kind']]} (release {made['id']})",
        f"  undo: ferry rollback {made['id']} --reason WHY",
    )
    return ACCEPTED


def rollback(given: Namespace, out: Output) -> int:
    """Stop a release, or serve an earlier version again."""
    if (given.release is None) == (given.to is None):
        raise Usage("Give either a release to stop, or --to PROGRAM@CODE --app APP to serve again.")
    with connect(given) as api:
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
        if given.trials:
            asked["context"]["trials"] = given.trials
    else:
        raise Usage("Name a --device, or describe one with --platform and --host-version.")
    with connect(given) as api:
        app = names.host_app_id(api, given.app)
        made = api.post(f"host-apps/{names.segment(app)}/explain", asked)
    out.result(made, *_explanation(made))
    return ACCEPTED


def connect(given: Namespace) -> Api:
    """The API of the profile in use: of the file that --pkp names, else of the environment, else the kept one."""
    if given.token_file is not None:
        chosen = profile.from_file(given.token_file, given.site, os.environ)
    else:
        chosen = profile.load(os.environ, given.site)
    return Api(chosen, language=language(os.environ), proxy=given.proxy)


def language(environ: Mapping[str, str]) -> str:
    """The language that the platform's sentences come in: that of the terminal, Chinese or else English."""
    spoken = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    return "zh-hans" if spoken.lower().startswith("zh") else "en"


def _ask_for_token() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("API token: ").strip()
    return sys.stdin.readline().strip()  # echo "$TOKEN" | ferry login --site …: no secret in the process list


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
        if step["recalled"]:
            lines.append("    as it checked in last: it showed an invitation to this trial then")
    return lines
