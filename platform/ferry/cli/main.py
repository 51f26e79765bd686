"""`ferry`: from a developer's folder to a release, by hand or in CI.

Exit codes say at which stage it ended: 0 done, 1 refused (by the package check or by a rule), 2 wrong command line,
3 not signed in or not allowed, 4 the platform does not answer. docs/cli.md shows every command.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ferry.cli import commands
from ferry.cli.errors import CliError
from ferry.cli.output import Output

VERSION_HELP = "PROGRAM@CODE, PROGRAM@latest, or a version's id"
APP_HELP = "host app: its number, name, app key or id"


def parser() -> argparse.ArgumentParser:
    """The whole command line; docs/cli.md and a test follow it."""
    top = argparse.ArgumentParser(prog="ferry", description="Publish mini-programs on a Ferry platform.")
    commands_of = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        made = commands_of.add_parser(name, help=text, description=text)
        made.set_defaults(act=getattr(commands, name))
        made.add_argument("--json", action="store_true", help="print one JSON object")
        return made

    made = command("login", "Keep the address of a platform and an API token for it.")
    made.add_argument("--site", required=True, metavar="URL")
    made.add_argument("--token", default="", help="without it, it is asked for, or read from standard input")

    made = command("validate", "Check a folder or zip here, without a server.")
    made.add_argument("path", type=Path, metavar="PATH")

    made = command("upload", "Upload a folder or zip as the newest version of a mini-program.")
    made.add_argument("path", type=Path, nargs="?", metavar="PATH")
    made.add_argument("--pp", type=Path, metavar="PATH", help="as miniprogram-ci names PATH")
    made.add_argument("--program", "--appid", metavar="ID")
    made.add_argument("--create", default="", metavar="NAME", help="create the mini-program first where it is missing")
    made.add_argument("--name", "--uv", default="", metavar="1.2.3", help="version name for people")
    made.add_argument("--code", type=int, help="version code; one more than the last without it")
    made.add_argument("--notes", "--desc", default="", metavar="TEXT", help="what is new")
    made.add_argument(
        "--host",
        action="append",
        default=[],
        metavar="PLATFORM=MIN[..MAX]",
        help="host app versions that can open it; repeatable; ferry.json may say it instead",
    )

    made = command("preview", "Make an address at which a version can be looked at.")
    made.add_argument("version", metavar="VERSION", help=VERSION_HELP)
    made.add_argument("--hours", type=int, default=1, help="how long it stays open")

    made = command("submit", "Ask for a review of a version on a host app.")
    made.add_argument("version", metavar="VERSION", help=VERSION_HELP)
    made.add_argument("--app", required=True, help=APP_HELP)
    made.add_argument("--notes", "--desc", default="", metavar="TEXT", help="for the reviewer")

    made = command("release", "Release an approved version: to all, to a share, or to named people.")
    made.add_argument("version", metavar="VERSION", help=VERSION_HELP)
    made.add_argument("--app", required=True, help=APP_HELP)
    made.add_argument("--share", metavar="20%", help="gray: this share of the devices, in steps of 0.01 %%")
    made.add_argument("--user", dest="users", action="append", default=[], help="named user; repeatable")
    made.add_argument("--device", dest="devices", action="append", default=[], help="named device; repeatable")
    made.add_argument("--apply", choices=["next_open", "at_once"], default="next_open")
    made.add_argument("--notes", "--desc", default="", metavar="TEXT")

    made = command("rollback", "Stop a release, or serve an earlier version again.")
    made.add_argument("release", nargs="?", metavar="RELEASE", help="id of the release to stop")
    made.add_argument("--to", metavar="PROGRAM@CODE", help="serve this version again and stop everything newer")
    made.add_argument("--app", default="", help=APP_HELP)
    made.add_argument("--reason", required=True, metavar="WHY")

    made = command("explain", "Say why a device gets the version that it gets.")
    made.add_argument("--app", required=True, help=APP_HELP)
    made.add_argument("--program", "--appid", required=True, metavar="ID")
    made.add_argument("--device", default="", metavar="ID", help="a device that the platform knows")
    made.add_argument("--platform", choices=["ios", "android", "harmony", "web"], help="describe one instead")
    made.add_argument("--host-version", metavar="6.3.0")
    made.add_argument("--user", default="", metavar="ID")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. argparse itself ends with 2 for a wrong command line."""
    given = parser().parse_args(arguments)
    out = Output(as_json=given.json)
    try:
        code: int = given.act(given, out)
    except CliError as end:
        out.error(str(end), end.body, end.exit_code)
        return end.exit_code
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main())
