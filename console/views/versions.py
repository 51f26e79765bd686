"""Versions: upload with a report, review for each host app, preview."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any, BinaryIO, ClassVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from console import lifetimes, offers
from console.forms.programs import UploadForm
from console.views.programs import ProgramPage
from ferry.kernel.errors import FerryError
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.rights import Right
from miniapps import selectors, services
from miniapps.delivery import selectors as delivery
from miniapps.errors import PackageRefused
from miniapps.models import MiniProgram, ReasonCode, ResumableUpload, Version


class VersionPage(ProgramPage):
    """A page about one version of one program."""

    def version(self, program_id: str, version_id: str) -> tuple[MiniProgram, Version]:
        """Both, and only together: a version under another program's address is not there."""
        version = selectors.version(self.workspace, version_id)
        return self.match(program_id, version), version

    def match(self, program_id: str, version: Version) -> MiniProgram:
        """The program of the version when it is the one that the address names."""
        if version.program.program_id != program_id:
            self.program("")
        return version.program


class OneVersion(VersionPage):
    """One version: where it stands on each host app, what the check found, what is inside."""

    template = "console/version.html"

    def get(self, request: HttpRequest, program_id: str, version_id: str) -> HttpResponse:
        """The page."""
        program, version = self.version(program_id, version_id)
        cells = offers.review_cells(
            actor=self.actor,
            version=version,
            apps=self.apps,
            reviews=selectors.reviews(self.workspace, version=version),
            releases=list(selectors.releases(self.workspace, program=program)[:200]),
        )
        context = {
            "program": program,
            "version": version,
            "reviews": cells,
            "report": selectors.report(version),
            "transfers": delivery.derived(version),
            "sizes": selectors.sizes(version),
            "reason_codes": ReasonCode.values,
            "deliverable": [cell for cell in cells if cell.may_submit or cell.may_promote],
            "lifetimes": lifetimes.choices(lifetimes.PREVIEWS),
            "exports": selectors.exports(version)[:20],
            "origin": selectors.origin(version),
        }
        return self.page(context)


class Upload(ProgramPage):
    """Upload a version. A refused package comes back with its report; nothing of it is stored."""

    right = Right.UPLOAD
    template = "console/upload.html"

    def get(self, request: HttpRequest, program_id: str) -> HttpResponse:
        """The form."""
        return self.shown(self.program(program_id), UploadForm())

    def post(self, request: HttpRequest, program_id: str) -> HttpResponse:
        """Check and store. The script of the page is told where to go, for XMLHttpRequest hides redirects."""
        program = self.program(program_id)
        form = UploadForm(request.POST, request.FILES)
        if not form.is_valid():
            return self.shown(program, form, status=400)
        data = form.cleaned_data
        try:
            with self.archive(data) as (spent, archive):
                upload = services.read_upload(
                    actor=self.actor,
                    program=program,
                    archive=archive,
                    name=data["name"],
                    host_range=form.host_range(),
                )
                version = services.add_version(
                    actor=self.actor,
                    program=program,
                    upload=upload,
                    code=data["code"],
                    notes=data["notes"],
                    spent=spent,
                )
        except PackageRefused as refused:
            return self.shown(program, form, status=refused.status, report=refused.details["report"])
        except FerryError as error:
            if data["upload"]:  # the page asks for the file again, so these bytes would only take a place
                with suppress(FerryError):
                    services.end_upload(actor=self.actor, upload_id=data["upload"])
            form.add_error(None, error.text())
            return self.shown(program, form, status=error.status)
        self.said(_("Version {name} is uploaded and checked.").format(name=version.name))
        address = self.url("version", program_id, version.pk)
        if request.headers.get("X-Requested-With") == "XMLHttpRequest":
            return HttpResponse(status=201, headers={"X-Ferry-Location": address})
        return self.go("version", program_id, version.pk)

    def archive(self, data: dict[str, Any]) -> AbstractContextManager[tuple[ResumableUpload | None, BinaryIO]]:
        """The file that came in pieces, else the one in the form."""
        if data["upload"]:
            return services.opened_upload(actor=self.actor, upload_id=data["upload"])
        return nullcontext((None, data["archive"].file))

    def shown(self, program: MiniProgram, form: UploadForm, status: int = 200, **more: Any) -> HttpResponse:
        """The form, with a report when there is one."""
        limit = settings.FERRY_MAX_UPLOAD_BYTES
        return self.page({"program": program, "form": form, "limit": limit, **more}, status=status)


class ReviewAct(VersionPage):
    """One step of a version's review on one host app: a service, and the sentence that confirms it."""

    http_method_names = ["post"]
    act: ClassVar[Callable[..., Any]]
    done: ClassVar[str | Promise]
    takes: ClassVar[tuple[str, ...]] = ()

    def post(self, request: HttpRequest, program_id: str, version_id: str, app_id: str) -> HttpResponse:
        """Act and return to the version."""
        _program, version = self.version(program_id, version_id)
        app = identity.host_app(self.workspace, app_id)
        with self.refusals():
            type(self).act(actor=self.actor, version=version, host_app=app, **self.typed(request))
            self.said(str(self.done).format(version=version.name, app=app.name))
        return self.go("version", program_id, version_id)

    def typed(self, request: HttpRequest) -> dict[str, Any]:
        """What the act takes of the form."""
        return {name: request.POST.get(name, "") for name in self.takes}


class Deliver(VersionPage):
    """Ask several host apps for approval at once."""

    right = Right.SUBMIT
    http_method_names = ["post"]

    def post(self, request: HttpRequest, program_id: str, version_id: str) -> HttpResponse:
        """Submit to the host apps that were ticked, all or none, and return."""
        _program, version = self.version(program_id, version_id)
        wanted = request.POST.getlist("apps")[:100]
        with self.refusals():
            apps = [identity.host_app(self.workspace, each) for each in wanted]
            note = request.POST.get("note", "")
            reviews = services.deliver_version(actor=self.actor, version=version, host_apps=apps, note=note)
            self.said(
                ngettext(
                    "{version} waits for review on {count} host app.",
                    "{version} waits for review on {count} host apps.",
                    len(reviews),
                ).format(version=version.name, count=len(reviews))
            )
        return self.go("version", program_id, version_id)


class Submit(ReviewAct):
    """Ask for approval."""

    right = Right.SUBMIT
    act = staticmethod(services.submit_version)
    done = gettext_lazy("{version} waits for review on {app}.")


class Promote(ReviewAct):
    """Ask for approval in production for what is approved in test."""

    right = Right.SUBMIT
    act = staticmethod(services.promote_version)
    done = gettext_lazy("{version} is promoted and waits for review on {app}.")


class Approve(ReviewAct):
    """Approve and sign."""

    right = Right.REVIEW
    act = staticmethod(services.approve_version)
    done = gettext_lazy("{version} is approved and signed for {app}. An operator can release it.")


class Reject(ReviewAct):
    """Reject with reasons."""

    right = Right.REVIEW
    act = staticmethod(services.reject_version)
    done = gettext_lazy("{version} is rejected for {app}.")
    takes = ("reason",)

    def typed(self, request: HttpRequest) -> dict[str, Any]:
        """The text, and the codes that were ticked."""
        return {**super().typed(request), "codes": request.POST.getlist("codes")}


class WithdrawSubmission(ReviewAct):
    """Take a submission back."""

    right = Right.SUBMIT
    act = staticmethod(services.withdraw_submission)
    done = gettext_lazy("The submission of {version} for {app} is withdrawn.")
