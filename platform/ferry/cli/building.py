"""A build on its way to the platform: found, checked here, sent."""

from __future__ import annotations

import os
from argparse import Namespace
from dataclasses import replace
from typing import Any, BinaryIO

from ferry.cli import names, projects, resuming
from ferry.cli.api import Api
from ferry.cli.checking import check_package
from ferry.cli.errors import Usage
from ferry.cli.output import Output, report_lines
from ferry.cli.projects import Project


def find(given: Namespace, *, need_program: bool = False) -> Project:
    """What to pack, and whose version it is to be. Raises Usage."""
    path = getattr(given, "path", None) or given.pp
    if path is None:
        raise Usage("Give the folder or zip (miniprogram-ci: --pp).")
    project = projects.read(path) if given.use_project_config and path.is_dir() else projects.everything(path)
    if not need_program:
        return project
    program = given.program or project.program
    if not program:
        raise Usage("Name the mini-program with --program (miniprogram-ci: --appid).")
    return replace(project, program=program)


def accepted(file: BinaryIO, out: Output) -> bool:
    """Whether the check on this machine lets it through: nothing is sent that would be refused anyway."""
    checked = check_package(file)
    if not checked["accepted"]:
        out.result(checked, *report_lines(checked["report"]), "✗ refused; nothing was uploaded")
    return bool(checked["accepted"])


def send(api: Api, file: BinaryIO, program: str, given: Namespace, out: Output) -> dict[str, Any]:
    """Upload it as the newest version of `program`. Raises CliError."""
    if given.create and all(one["id"] != program for one in api.items("mini-programs")):
        api.post("mini-programs", {"id": program, "name": given.create})
    notes = given.notes if given.robot is None else f"{given.notes} (robot {given.robot})".strip()
    query = {"name": given.name, "code": given.code, "notes": notes}
    query["host_range"] = names.as_query(names.host_range(given.host))
    given_query = {name: str(value) for name, value in query.items() if value not in ("", None)}
    versions = f"mini-programs/{names.segment(program)}/versions"
    if file.seek(0, 2) >= resuming.LARGE:
        upload_id = resuming.upload(api, file, out.progress, os.environ)
        if upload_id is not None:
            return api.post(versions, {"upload": upload_id, **given_query})
    return api.upload(versions, file, given_query, out.progress)
