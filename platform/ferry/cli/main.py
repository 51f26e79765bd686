"""`ferry`: from a developer's folder to a release, by hand or in CI.

Exit codes say at which stage it ended: 0 done, 1 what was sent is refused, 2 wrong command line, 3 not signed in or not
allowed, 4 the platform does not answer, 5 a rule of review or release says no. docs/cli.md shows every command.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from ferry.cli import carrying, commands, options
from ferry.cli.errors import CliError
from ferry.cli.options import APP_HELP, VERSION_HELP
from ferry.cli.output import Output

INTERRUPTED = 130


def parser() -> argparse.ArgumentParser:
    """The whole command line; docs/cli.md and a test follow it."""
    top = argparse.ArgumentParser(prog="ferry", description="Publish mini-programs on a Ferry platform.")
    commands_of = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(
        name: str, act: Callable[[argparse.Namespace, Output], int], text: str, *, offline: bool = False
    ) -> argparse.ArgumentParser:
        made = commands_of.add_parser(name, help=text, description=text)
        made.set_defaults(act=act)
        options.output(made)
        if not offline:
            options.connection(made)
        return made

    made = command("login", commands.login, "Keep the address of a platform and an API token for it.")
    made.add_argument("--token", default="", help="without it, it is asked for, or read from standard input")

    made = command("validate", commands.validate, "Check a folder or zip here, without a server.", offline=True)
    made.add_argument("path", type=options.place, nargs="?", metavar="PATH")
    options.project(made)

    made = command("upload", commands.upload, "Upload a folder or zip as the newest version of a mini-program.")
    made.add_argument("path", type=options.place, nargs="?", metavar="PATH")
    options.project(made)

    made = command("preview", commands.preview, "Make an address, and its QR code, at which a version can be seen.")
    made.add_argument("version", metavar="VERSION", nargs="?", help=f"{VERSION_HELP}; or upload a build with --pp")
    made.add_argument("--hours", type=int, default=1, help="how long it stays open")
    options.project(made)
    options.picture(made)

    made = command("submit", commands.submit, "Ask for a review of a version on a host app.")
    made.add_argument("version", metavar="VERSION", help=VERSION_HELP)
    made.add_argument("--app", required=True, help=APP_HELP)
    made.add_argument("--notes", "--desc", default="", metavar="TEXT", help="for the reviewer")

    made = command("release", commands.release, "Release an approved version: to all, to a share, or to named people.")
    made.add_argument("version", metavar="VERSION", help=VERSION_HELP)
    made.add_argument("--app", required=True, help=APP_HELP)
    made.add_argument("--share", metavar="20%", help="gray: this share of the devices, in steps of 0.01 %%")
    made.add_argument("--user", dest="users", action="append", default=[], help="named user; repeatable")
    made.add_argument("--device", dest="devices", action="append", default=[], help="named device; repeatable")
    made.add_argument("--segment", dest="segments", action="append", default=[], metavar="ID", help="repeatable")
    made.add_argument("--starts-at", default="", metavar="TIME", help="begin then: 2026-12-01T09:00:00+08:00")
    made.add_argument("--ends-at", default="", metavar="TIME")
    made.add_argument("--apply", choices=["next_open", "at_once"], default="next_open")
    made.add_argument("--network", choices=["any", "wifi"], default="any")
    made.add_argument("--notes", "--desc", default="", metavar="TEXT")

    made = command("rollback", commands.rollback, "Stop a release, or serve an earlier version again.")
    made.add_argument("release", nargs="?", metavar="RELEASE", help="id of the release to stop")
    made.add_argument("--to", metavar="PROGRAM@CODE", help="serve this version again and stop everything newer")
    made.add_argument("--app", default="", help=APP_HELP)
    made.add_argument("--reason", required=True, metavar="WHY")

    made = command("explain", commands.explain, "Say why a device gets the version that it gets.")
    made.add_argument("--app", required=True, help=APP_HELP)
    made.add_argument("--program", "--appid", required=True, metavar="ID")
    made.add_argument("--device", default="", metavar="ID", help="a device that the platform knows")
    made.add_argument("--platform", choices=["ios", "android", "harmony", "web"], help="describe one instead")
    made.add_argument("--host-version", metavar="6.3.0")
    made.add_argument("--user", default="", metavar="ID")
    made.add_argument(
        "--trial", action="append", default=[], dest="trials", metavar="TOKEN", help="an invitation that it shows"
    )

    made = command("preset", carrying.preset, "Fetch a signed bundle of mini-programs for building into a host app.")
    made.add_argument("programs", nargs="*", metavar="PROGRAM[@CODE]", help="all that everybody gets, without")
    made.add_argument("--app", required=True, help=APP_HELP)
    made.add_argument("--platform", choices=["ios", "android", "harmony", "web"], help="the build that it is for")
    made.add_argument("--host-version", metavar="6.3.0")
    made.add_argument("--out", required=True, type=options.place, metavar="FILE")

    made = command("export", carrying.export, "Fetch a version with its approvals as a signed file.")
    made.add_argument("version", metavar="VERSION", help=VERSION_HELP)
    made.add_argument(
        "--recipient", default="", metavar="WORKSPACE", help="id of the only workspace that may import it"
    )
    made.add_argument("--out", required=True, type=options.place, metavar="FILE")

    made = command("export-key", carrying.key, "Show the key that signs this workspace's exports.")

    made = command("import", carrying.take, "Take in a version that another installation exported.")
    made.add_argument("path", type=options.place, metavar="FILE")
    made.add_argument("--inspect", action="store_true", help="only look into it; nothing is stored")

    made = command("trust", carrying.trust, "Take exports signed by the key of this file from now on.")
    made.add_argument("path", type=options.place, metavar="FILE", help="any export of that workspace")
    made.add_argument("--fingerprint", required=True, metavar="SHA256", help="of the key, as the exporter says it")
    made.add_argument("--name", default="", help="yours for it")
    made.add_argument(
        "--counts",
        action="append",
        default=[],
        metavar="APP_KEY_THERE=APP_HERE",
        help="its approvals for that host app count as approvals for this one; repeatable",
    )
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. argparse itself ends with 2 for a wrong command line."""
    given = parser().parse_args(arguments)
    out = Output(as_json=given.json)
    if given.without_effect:
        out.note(f"no effect here: {', '.join(given.without_effect)}. Ferry takes what has been built already.")
    try:
        code: int = given.act(given, out)
    except CliError as end:
        out.error(str(end), end.body, end.exit_code)
        return end.exit_code
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return INTERRUPTED
    return code


if __name__ == "__main__":
    sys.exit(main())
