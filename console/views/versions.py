"""Versions: upload with a report, review for each host app, preview."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console import offers
from console.forms.programs import UploadForm
from console.views.programs import ProgramPage
from ferry.kernel.errors import FerryError
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.rights import Right
from miniapps import selectors, services
from miniapps.errors import PackageRefused
from miniapps.models import MiniProgram, Version


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
        return self.page(
            {"program": program, "version": version, "reviews": cells, "report": selectors.report(version)}
        )


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
            version = services.upload_version(
                actor=self.actor,
                program=program,
                archive=data["archive"].file,
                code=data["code"],
                name=data["name"],
                notes=data["notes"],
                host_range=form.host_range(),
            )
        except PackageRefused as refused:
            return self.shown(program, form, status=refused.status, report=refused.details["report"])
        except FerryError as error:
            form.add_error(None, error.text())
            return self.shown(program, form, status=error.status)
        self.said(_("Version {name} is uploaded and checked.").format(name=version.name))
        address = self.url("version", program_id, version.pk)
        if request.headers.get("X-Requested-With") == "XMLHttpRequest":
            return HttpResponse(status=201, headers={"X-Ferry-Location": address})
        return self.go("version", program_id, version.pk)

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
        typed = {name: request.POST.get(name, "") for name in self.takes}
        with self.refusals():
            type(self).act(actor=self.actor, version=version, host_app=app, **typed)
            self.said(str(self.done).format(version=version.name, app=app.name))
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
    """Reject with a reason."""

    right = Right.REVIEW
    act = staticmethod(services.reject_version)
    done = gettext_lazy("{version} is rejected for {app}.")
    takes = ("reason",)


class WithdrawSubmission(ReviewAct):
    """Take a submission back."""

    right = Right.SUBMIT
    act = staticmethod(services.withdraw_submission)
    done = gettext_lazy("The submission of {version} for {app} is withdrawn.")


class Preview(VersionPage):
    """A version in a phone frame, on an origin of its own that expires after an hour."""

    template = "console/preview.html"

    def post(self, request: HttpRequest, program_id: str, version_id: str) -> HttpResponse:
        """Make the preview host and show it."""
        program, version = self.version(program_id, version_id)
        host = services.create_preview(actor=self.actor, version=version)
        context = {"program": program, "version": version, "host": host, "address": selectors.preview_url(host)}
        return self.page(context)

    def get(self, request: HttpRequest, program_id: str, version_id: str) -> HttpResponse:
        """A preview is made by a button; its own address leads back to it."""
        return self.go("version", program_id, version_id)
