"""What an unmodified CodePush client calls: the update check, and its reports of downloads and deployments.

Errors are CodePush's: a status and one sentence of plain text. A 2xx to a report means that the journal holds it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import wraps
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from falcon.asgi import Request, Response
from msgspec import Meta, Struct

from analytics.events import records
from ferry.edge import answers
from ferry.edge.errors import NotReady
from ferry.edge.snapshot.hostapp import HostAppSnapshot
from ferry.kernel import ids
from ferry.kernel.errors import FerryError, Invalid
from ferry.kernel.targeting import version_key
from miniapps.adapters import asking, codepush
from miniapps.adapters.load import Adapted
from miniapps.edge import context_of
from miniapps.errors import DeploymentKeyMissing, DeploymentKeyUnknown

if TYPE_CHECKING:
    from ferry.edge.app import EdgeApp

_PREFIX = "/v0.1/public/codepush"
_FAILED = "DeploymentFailed"
_Text = Annotated[str, Meta(max_length=200)]


class Report(Struct, frozen=True):
    """A report. Unknown members are ignored."""

    deployment_key: _Text = ""
    app_version: Annotated[str, Meta(max_length=64)] = ""
    client_unique_id: Annotated[str, Meta(max_length=64)] | None = None
    label: Annotated[str, Meta(max_length=64)] | None = None
    status: Literal["DeploymentSucceeded", "DeploymentFailed"] | None = None
    previous_label_or_app_version: Annotated[str, Meta(max_length=64)] | None = None
    previous_deployment_key: _Text | None = None


_object: msgspec.json.Decoder[Mapping[str, Any]] = msgspec.json.Decoder(dict[str, Any])
Responder = Callable[[Any, Request, Response], Awaitable[None]]


def _in_codepush_form(responder: Responder) -> Responder:
    """Refusals as CodePush's clients show them: the sentence alone, as text."""

    @wraps(responder)
    async def respond(self: Any, req: Request, resp: Response) -> None:
        try:
            await responder(self, req, resp)
        except FerryError as wrong:
            resp.status, headers, _ = answers.refusal(wrong)
            for name, value in headers:
                resp.set_header(name.decode(), value.decode("latin-1"))
            resp.content_type = "text/plain; charset=utf-8"
            resp.data = str(wrong).encode()

    return respond


class _CodePush:
    def __init__(self, edge: EdgeApp, *, legacy: bool) -> None:
        self._edge = edge
        self._legacy = legacy

    def _find(self, key: str) -> tuple[HostAppSnapshot, codepush.Deployment]:
        """Raises DeploymentKeyMissing, DeploymentKeyUnknown, NotReady."""
        if not key:
            raise DeploymentKeyMissing
        found = codepush.deployment(key)
        snapshots = self._edge.snapshots
        snapshot = snapshots.find(found.app_key.encode()) if found else None
        if found is None or snapshot is None:
            raise DeploymentKeyUnknown if snapshots.ready else NotReady(retry_after=1)
        return snapshot, found


class UpdateCheck(_CodePush):
    """GET …/update_check: whether there is something else for this client to run."""

    @_in_codepush_form
    async def on_get(self, req: Request, resp: Response) -> None:
        """`client_unique_id` decides about shares; `is_companion` is read and changes nothing (docs/adapters.md)."""
        edge, said = self._edge, codepush.snake(asking.query(req))
        snapshot, named = self._find(said.get("deployment_key", ""))
        asking.pass_limit(edge, req, snapshot, monotonic())
        running = codepush.Running(said.get("app_version", ""), said.get("package_hash", ""), said.get("label", ""))
        if version_key(running.app_version) is None:
            raise Invalid(reason="“app_version” is the version of the installed app, for example 6.3.0")
        adapted: Adapted | None = snapshot.part("adapter").get(named.program_id)
        info = self._nothing(running) if adapted is None else self._decide(req, snapshot, adapted, named, running, said)
        answers.give(resp, {"updateInfo": codepush.camel(info)} if self._legacy else {"update_info": info})

    def _nothing(self, running: codepush.Running) -> dict[str, Any]:
        """A program that does not exist and one that is not for this device read the same."""
        return codepush.update_info(None, running, store_version="")

    def _decide(
        self,
        req: Request,
        snapshot: HostAppSnapshot,
        adapted: Adapted,
        named: codepush.Deployment,
        running: codepush.Running,
        said: dict[str, str],
    ) -> dict[str, Any]:
        edge = self._edge
        installed = codepush.code_of(running.label) or adapted.coded(running.package_hash)
        device = asking.described(
            {
                "id": said.get("client_unique_id") or "-",
                "platform": named.platform,
                "host_version": running.app_version,
            },
            installed=[] if installed is None else [{"id": named.program_id, "code": installed}],
        )
        context = context_of(device, asking.NOBODY, snapshot, edge.address(req), edge.clock())
        if not said.get("client_unique_id"):
            # In no share: as CodePush does with a client that does not name itself.
            context = replace(context, device_id="")
        found = adapted.package(context, installed)
        if context.device_id:
            asking.observe(edge, snapshot, device, context, found[0].observed if found else None)
        open_ = adapted.program.withdrawn is None
        store = adapted.store_version(named.platform, running.app_version) if open_ and not found else ""
        return codepush.update_info(found[1] if found else None, running, store_version=store)


class ReportStatus(_CodePush):
    """POST …/report_status/deploy and /download: what became of a package on a device. They become events."""

    def __init__(self, edge: EdgeApp, what: Literal["deploy", "download"], *, legacy: bool) -> None:
        super().__init__(edge, legacy=legacy)
        self._what = what

    @_in_codepush_form
    async def on_post(self, req: Request, resp: Response) -> None:
        """Nothing is kept where the host app requires consent: these clients have no way to bring it."""
        edge = self._edge
        edge.pass_limit(req)
        try:
            said = msgspec.convert(codepush.snake(await edge.said(req, _object)), Report)
        except msgspec.ValidationError as wrong:
            raise Invalid(reason=str(wrong)) from None
        snapshot, named = self._find(said.deployment_key)
        self._check(said)
        if said.client_unique_id and snapshot.app.stores(asking.NOBODY):
            at = int(edge.clock() * 1000)
            groups = records.grouped(self._rows(said, named, at))
            for line in records.pack(snapshot.app.id, at=at, seq=edge.next_seq(), groups=groups, refused=[]):
                await edge.journal.append(records.KIND, line)
        resp.content_type = "text/plain"
        resp.data = b"OK"

    def _check(self, said: Report) -> None:
        if self._what == "download" and not said.label:
            raise Invalid(reason="a download report names the package's “label”")
        if self._what == "deploy" and not said.app_version:
            raise Invalid(reason="a deploy report names the “app_version”")
        if self._what == "deploy" and said.label and said.status is None:
            raise Invalid(reason="a deploy report of a labelled package has a “status”")

    def _rows(self, said: Report, named: codepush.Deployment, at: int) -> list[records.Row]:
        """One event; a failed deployment is an error of its version too, for the release page to show."""
        about = {
            "label": said.label,
            "status": said.status,
            "previous": said.previous_label_or_app_version,
            "previous_deployment_key": said.previous_deployment_key,
        }
        told = {name: value for name, value in about.items() if value}
        events: list[tuple[str, dict[str, str]]] = [(f"$codepush_{self._what}", told)]
        if said.status == _FAILED:
            message = "The app did not start with this version; CodePush took it back."
            events.append(("$error", {**told, "message": message}))
        return [
            records.Row(
                type="track",
                event=name,
                message_id=ids.new(),
                ts=at,
                device_id=said.client_unique_id or "",
                mini_program=named.program_id,
                version_code=codepush.code_of(said.label or ""),
                platform=named.platform,
                host_version=said.app_version,
                properties=answers.encode(properties).decode(),
            )
            for name, properties in events
        ]


def add_routes(edge: EdgeApp) -> None:
    """Registered in miniapps.apps. Both spellings of the API: clients before App Center use the second."""
    edge.add_route(f"{_PREFIX}/update_check", UpdateCheck(edge, legacy=False))
    edge.add_route(f"{_PREFIX}/report_status/deploy", ReportStatus(edge, "deploy", legacy=False))
    edge.add_route(f"{_PREFIX}/report_status/download", ReportStatus(edge, "download", legacy=False))
    edge.add_route("/updateCheck", UpdateCheck(edge, legacy=True))
    edge.add_route("/reportStatus/deploy", ReportStatus(edge, "deploy", legacy=True))
    edge.add_route("/reportStatus/download", ReportStatus(edge, "download", legacy=True))
