"""Arguments that several commands share, and those that miniprogram-ci and minidev have for what Ferry does not do.

A pipeline that was written for one of them keeps its command line: what has no meaning here is accepted, and said on
stderr to have had no effect, so that nobody believes that it did something.
"""

from __future__ import annotations

from argparse import Action, ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import Any

VERSION_HELP = "PROGRAM@CODE, PROGRAM@latest, or a version's id"
APP_HELP = "host app: its number, name, app key or id"
QR_FORMATS = ("terminal", "image", "base64")

_NO_EFFECT_WITH_VALUE = (
    "--project-type",
    "--pt",
    "--enable-es6",
    "--enable-es7",
    "--enable-minify",
    "--enable-minifyWXML",
    "--enable-minifyWXSS",
    "--enable-autoprefixwxss",
    "--client-type",
    "-c",
)
ROBOTS = range(1, 31)


class _NoEffect(Action):
    """Takes the value and remembers only that it was given."""

    def __call__(self, parser: ArgumentParser, given: Namespace, values: Any, option: str | None = None) -> None:
        given.without_effect = [*given.without_effect, option]


def place(text: str) -> Path:
    """A folder or file. An empty one would be this folder, and is a variable that is not set."""
    if not text:
        raise ArgumentTypeError("the path is empty; write . for this folder")
    return Path(text)


def connection(made: ArgumentParser) -> None:
    """Which platform, as whom, through what."""
    made.add_argument("--site", default="", metavar="URL", help="the platform, in place of the kept one")
    made.add_argument(
        "--pkp",
        "--private-key-path",
        "--identity-key-path",
        "--token-file",
        dest="token_file",
        type=Path,
        metavar="FILE",
        help="file with the API token, or as “ferry login” keeps it; with a bare token also --site or FERRY_SITE_URL",
    )
    made.add_argument("--proxy", default="", metavar="URL", help="http or https proxy on the way to it")


def output(made: ArgumentParser) -> None:
    """What is printed."""
    made.add_argument("--json", "--machine-output", action="store_true", help="print one JSON object")
    made.set_defaults(without_effect=[])


def project(made: ArgumentParser) -> None:
    """The build, the program that it belongs to, and what is said about it."""
    made.add_argument(
        "--pp",
        "--project-path",
        "--project",
        "-p",
        dest="pp",
        type=place,
        metavar="PATH",
        help="folder or zip, as miniprogram-ci and minidev name it",
    )
    made.add_argument("--program", "--appid", "--app-id", "-a", metavar="ID")
    made.add_argument("--create", default="", metavar="NAME", help="create the mini-program first where it is missing")
    made.add_argument(
        "--name", "--uv", "--upload-version", "-v", default="", metavar="1.2.3", help="version name for people"
    )
    made.add_argument("--code", type=int, help="version code; one more than the last without it")
    made.add_argument(
        "--notes",
        "--desc",
        "--ud",
        "--upload-description",
        "--version-description",
        default="",
        metavar="TEXT",
        help="what is new",
    )
    made.add_argument(
        "--host",
        action="append",
        default=[],
        metavar="PLATFORM=MIN[..MAX]",
        help="host app versions that can open it; repeatable; ferry.json may say it instead",
    )
    made.add_argument(
        "--use-project-config",
        nargs="?",
        const=True,
        default=False,
        type=_switch,
        metavar="true",
        help="take program, root folder and what to leave out from project.config.json or mini.project.json",
    )
    made.add_argument(
        "--robot", "-r", type=_robot, metavar="1..30", help="kept with the notes, so that pipelines can be told apart"
    )
    made.add_argument(*_NO_EFFECT_WITH_VALUE, nargs="?", action=_NoEffect, dest="without_effect", help="no effect here")


def picture(made: ArgumentParser) -> None:
    """How the QR code of an address is shown."""
    made.add_argument("--qrcode-format", "-f", choices=QR_FORMATS, default="terminal")
    made.add_argument("--qrcode-output-dest", "-q", type=Path, metavar="FILE", help="write it there")


def _switch(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ArgumentTypeError(f"“{text}” is neither true nor false")
    return text.lower() == "true"


def _robot(text: str) -> int:
    if not text.isdigit() or int(text) not in ROBOTS:
        raise ArgumentTypeError(f"“{text}” is not a number from {ROBOTS.start} to {ROBOTS.stop - 1}")
    return int(text)
