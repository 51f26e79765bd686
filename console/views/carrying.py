"""Signed files: preset bundles of a host app, exports of a version, and what comes in from another installation."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from console.forms.carrying import ImportForm, PresetForm, TrustForm
from console.views.base import WorkspacePage
from console.views.versions import VersionPage
from ferry.kernel.errors import FerryError
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.models import HostApp
from ferry.kernel.identity.rights import Right
from miniapps import selectors, services
from miniapps.carry_views import download
from miniapps.carrying.presets import Place

SHOWN = 50


class PresetBundles(WorkspacePage):
    """The bundles of a host app, and a form for the next one."""

    section = "apps"
    template = "console/preset_bundles.html"

    def get(self, request: HttpRequest, app_id: str) -> HttpResponse:
        """The page."""
        app = identity.host_app(self.workspace, app_id)
        return self.shown(app, self.form(app))

    def post(self, request: HttpRequest, app_id: str) -> HttpResponse:
        """Ask for one; a small one is there with the next page."""
        app = identity.host_app(self.workspace, app_id)
        form = self.form(app, request)
        if form.is_valid():
            data = form.cleaned_data
            wishes = [services.Wish(program) for program in data["programs"]]
            place = Place(data["platform"], data["host_version"].strip())
            try:
                asked = services.ask_for_preset(actor=self.actor, host_app=app, wishes=wishes, place=place)
            except FerryError as error:
                form.add_error(None, error.text())
            else:
                services.make_now(asked)
                self.said(_("Bundle {serial} is asked for.").format(serial=asked.serial))
                return self.go("preset-bundles", app.pk)
        return self.shown(app, form, status=400)

    def form(self, app: HostApp, request: HttpRequest | None = None) -> PresetForm:
        """The form for this host app's programs."""
        programs = [listing.program for listing in selectors.listings(app)]
        return PresetForm(request.POST if request else None, app=app, programs=programs)

    def shown(self, app: HostApp, form: PresetForm, status: int = 200) -> HttpResponse:
        """The page, with the form as it was sent where something is wrong with it."""
        bundles = selectors.preset_bundles(app)[:SHOWN]
        return self.page({"app": app, "form": form, "bundles": bundles}, status=status)


class ArchiveFile(WorkspacePage):
    """The bytes of a signed file."""

    right = Right.RELEASE

    def get(self, request: HttpRequest, archive_id: str) -> HttpResponseBase:
        """The download; a file that is not made is a refusal in words."""
        return download(selectors.archive(self.workspace, archive_id))


class DeleteArchive(WorkspacePage):
    """Take a signed file away."""

    right = Right.RELEASE
    http_method_names = ["post"]

    def post(self, request: HttpRequest, archive_id: str) -> HttpResponse:
        """Delete and return to the list that it stood on."""
        archive = selectors.archive(self.workspace, archive_id)
        with self.refusals():
            services.delete_archive(actor=self.actor, archive=archive)
            self.said(_("File {serial} is deleted.").format(serial=archive.serial))
        if archive.version is not None:
            return self.go("version", archive.version.program.program_id, archive.version.pk)
        return self.go("preset-bundles", str(archive.host_app_id))


class ExportVersion(VersionPage):
    """Ask for a version as a file."""

    right = Right.RELEASE
    http_method_names = ["post"]

    def post(self, request: HttpRequest, program_id: str, version_id: str) -> HttpResponse:
        """Ask, and return to the version, where the file is listed."""
        _program, version = self.version(program_id, version_id)
        with self.refusals():
            recipient = request.POST.get("recipient", "").strip()[:64]
            asked = services.ask_for_export(actor=self.actor, version=version, recipient=recipient)
            services.make_now(asked)
            self.said(_("Export {serial} is asked for.").format(serial=asked.serial))
        return self.go("version", program_id, version_id)


class Imports(WorkspacePage):
    """What came from other installations, whom this workspace trusts, and the key of its own exports."""

    section = "programs"
    template = "console/imports.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page."""
        return self.shown()

    def post(self, request: HttpRequest) -> HttpResponse:
        """Take a version in."""
        form = ImportForm(request.POST, request.FILES)
        if form.is_valid():
            try:
                reading, upload = services.read_import(actor=self.actor, file=form.cleaned_data["file"].file)
                made = services.add_import(actor=self.actor, reading=reading, upload=upload)
            except FerryError as error:
                form.add_error(None, error.text())
            else:
                version = made.row.version
                self.said(_("{name} {version} is imported.").format(name=version.program.name, version=version.name))
                return self.go("version", version.program.program_id, version.pk)
        return self.shown(form=form, status=400)

    def shown(
        self, *, form: ImportForm | None = None, trust: TrustForm | None = None, status: int = 200
    ) -> HttpResponse:
        """The page, with a form as it was sent where something is wrong with it."""
        context = {
            "form": form or ImportForm(),
            "trust_form": trust or TrustForm(apps=self.apps, auto_id="trust_%s"),
            "rows": self.paged(selectors.imports(self.workspace)),
            "exporters": selectors.exporters(self.workspace),
            "key": services.export_key(actor=self.actor),
        }
        return self.page(context, status=status)


class Trust(Imports):
    """Trust an exporter."""

    right = Right.MANAGE_APPS

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form is part of the page of imports."""
        return self.go("imports")

    def post(self, request: HttpRequest) -> HttpResponse:
        """Compare the fingerprint and trust."""
        form = TrustForm(request.POST, request.FILES, apps=self.apps, auto_id="trust_%s")
        if form.is_valid():
            try:
                seen = services.inspect_export(actor=self.actor, file=form.cleaned_data["file"].file)
                exporter = services.trust_exporter(
                    actor=self.actor,
                    name=seen.export.workspace.name,
                    workspace_of_origin=seen.export.workspace.id,
                    public_pem=seen.public_pem,
                    given_fingerprint=form.cleaned_data["fingerprint"],
                    approvals=form.approvals(),
                )
            except FerryError as error:
                form.add_error(None, error.text())
            else:
                self.said(_("Exports of {name} are taken from now on.").format(name=exporter.name))
                return self.go("imports")
        return self.shown(trust=form, status=400)


class RevokeExporter(WorkspacePage):
    """Trust an exporter no more."""

    right = Right.MANAGE_APPS
    http_method_names = ["post"]

    def post(self, request: HttpRequest, exporter_id: str) -> HttpResponse:
        """Revoke and return."""
        exporter = selectors.exporter(self.workspace, exporter_id)
        with self.refusals():
            services.revoke_exporter(actor=self.actor, exporter=exporter)
            self.said(_("Exports of {name} are not taken any more.").format(name=exporter.name))
        return self.go("imports")
