"""Mini-programs: the list, one of them, its icon, its place on host apps."""

from __future__ import annotations

from typing import Any

from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from console import offers
from console.forms.programs import NewProgramForm, ProgramForm
from console.views.base import WorkspacePage
from ferry.kernel.errors import FerryError
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.actors import require
from ferry.kernel.identity.rights import Right
from ferry.kernel.storage import BlobMissing, blobs
from miniapps import selectors, services
from miniapps.errors import IconRefused
from miniapps.models import MiniProgram
from miniapps.releases import OPEN

MOST_ICON_BYTES = 8 << 20


class ProgramPage(WorkspacePage):
    """A page about one mini-program, which the address names by its own id."""

    section = "programs"

    def program(self, program_id: str) -> MiniProgram:
        """The program. Raises NotFound, which is shown as a 404."""
        return selectors.program(self.workspace, program_id)


class Programs(WorkspacePage):
    """All mini-programs, as they are on one host app."""

    section = "programs"
    template = "console/programs.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list."""
        app = self.chosen_app()
        page = self.paged(selectors.programs(self.workspace))
        programs = list(page)
        rows = [{"program": program} for program in programs]
        if app is not None:
            now = _now(self.workspace, app, programs)
            rows = [{"program": program, **now.get(program.pk, {})} for program in programs]
        newest = _newest(self.workspace, programs)
        rows = [{**row, "newest": newest.get(row["program"].pk)} for row in rows]
        return self.page({"page": page, "rows": rows, "apps": self.apps, "app": app})


class NewProgram(WorkspacePage):
    """Add a mini-program."""

    section = "programs"
    right = Right.UPLOAD
    template = "console/program_form.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self.page({"form": NewProgramForm()})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Create it and show its page."""
        form = NewProgramForm(request.POST, request.FILES)
        if form.is_valid():
            values = dict(form.cleaned_data)
            picture = values.pop("icon")
            try:
                program = services.create_program(actor=self.actor, **values)
            except FerryError as error:
                form.add_error(None, error.text())
            else:
                self.said(_("{name} is there. Upload its first version next.").format(name=program.name))
                with self.refusals():
                    if picture:
                        services.set_icon(actor=self.actor, program=program, picture=picture_of(picture))
                return self.go("program", program.program_id)
        return self.page({"form": form}, status=400)


class OneProgram(ProgramPage):
    """One mini-program: where it is, its versions, its releases."""

    template = "console/program.html"

    def get(self, request: HttpRequest, program_id: str) -> HttpResponse:
        """The page."""
        program = self.program(program_id)
        releases = list(selectors.releases(self.workspace, program=program)[:200])
        listings = [selectors.listing(app, program) for app in self.apps]
        page = self.paged(selectors.versions(self.workspace, program), 25)
        reviews = list(selectors.reviews(self.workspace, program=program).filter(version__in=list(page)))
        rows = [
            {
                "version": version,
                "reviews": offers.review_cells(
                    actor=self.actor, version=version, apps=self.apps, reviews=reviews, releases=releases
                ),
            }
            for version in page
        ]
        context = {
            "program": program,
            "apps": self.apps,
            "apps_now": offers.now_on_apps(self.apps, releases, listings),
            "versions": rows,
            "page": page,
            "history": releases[:20],
            "addresses": [(app, selectors.host_addresses(app, program)) for app in self.apps],
            "can_edit": self.actor.may(edit_right(listed=any(listings))),
        }
        return self.page(context)


class EditProgram(ProgramPage):
    """Change what people see of a mini-program. Which right that takes depends on whether it is listed already."""

    template = "console/program_form.html"

    def get(self, request: HttpRequest, program_id: str) -> HttpResponse:
        """The form."""
        program = self.program(program_id)
        listed = any(selectors.listing(app, program) for app in self.apps)
        require(self.actor, edit_right(listed=listed))
        fields = ("name", "description", "category", "order")
        return self.page(
            {"program": program, "form": ProgramForm(initial={field: getattr(program, field) for field in fields})}
        )

    def post(self, request: HttpRequest, program_id: str) -> HttpResponse:
        """Save and return."""
        program = self.program(program_id)
        form = ProgramForm(request.POST, request.FILES)
        if form.is_valid():
            values = dict(form.cleaned_data)
            picture = values.pop("icon")
            try:
                services.update_program(actor=self.actor, program=program, **values)
                if picture:
                    services.set_icon(actor=self.actor, program=program, picture=picture_of(picture))
            except FerryError as error:
                form.add_error(None, error.text())
            else:
                self.said(_("Saved."))
                return self.go("program", program_id)
        return self.page({"program": program, "form": form}, status=400)


class Withdraw(ProgramPage):
    """Close a mini-program on a host app."""

    right = Right.WITHDRAW
    http_method_names = ["post"]

    def post(self, request: HttpRequest, program_id: str, app_id: str) -> HttpResponse:
        """Withdraw and return."""
        program, app = self.program(program_id), identity.host_app(self.workspace, app_id)
        with self.refusals():
            services.withdraw_program(
                actor=self.actor, program=program, host_app=app, message=request.POST.get("message", "")
            )
            self.said(_("{name} is withdrawn from {app}.").format(name=program.name, app=app.name))
        return self.go("program", program_id)


class Restore(ProgramPage):
    """Open a withdrawn mini-program again."""

    right = Right.WITHDRAW
    http_method_names = ["post"]

    def post(self, request: HttpRequest, program_id: str, app_id: str) -> HttpResponse:
        """Restore and return."""
        program, app = self.program(program_id), identity.host_app(self.workspace, app_id)
        with self.refusals():
            services.restore_program(actor=self.actor, program=program, host_app=app)
            self.said(_("{name} can be opened on {app} again.").format(name=program.name, app=app.name))
        return self.go("program", program_id)


class Icon(ProgramPage):
    """An icon as the console shows it. The edge serves only those that a snapshot names."""

    def get(self, request: HttpRequest, program_id: str, sha256: str) -> HttpResponse:
        """The picture; its address changes with its content, so it may be kept for ever."""
        icons = self.program(program_id).icons
        name = next((name for name, sha in icons.items() if sha == sha256), None)
        if name is None:
            raise Http404
        try:
            with blobs().open(sha256) as picture:
                body = picture.read()
        except BlobMissing as missing:
            raise Http404 from missing
        return HttpResponse(
            body,
            content_type="image/webp" if name.endswith(".webp") else "image/png",
            headers={"Cache-Control": "private, max-age=31536000, immutable"},
        )


def edit_right(*, listed: bool) -> Right:
    """What it takes to change a program, as services.update_program says: listed ones change for users at once."""
    return Right.RELEASE if listed else Right.UPLOAD


def picture_of(upload: Any) -> bytes:
    """The bytes of an uploaded picture, if they are few enough to be one."""
    if upload.size > MOST_ICON_BYTES:
        raise IconRefused(reason=_("it has more than 8 MB."))
    return bytes(upload.read())


def _now(workspace: Any, app: Any, programs: list[MiniProgram]) -> dict[str, dict[str, Any]]:
    """Per program what runs on the app: the newest full release, the gray one, whether it is withdrawn."""
    open_releases = selectors.releases(workspace, host_app=app).filter(program__in=programs, state__in=OPEN)
    by_program: dict[str, list[Any]] = {}
    for release in open_releases:
        by_program.setdefault(release.program_id, []).append(release)
    withdrawn = set(
        selectors.listings(app)
        .filter(program__in=programs, withdrawn_at__isnull=False)
        .values_list("program", flat=True)
    )
    now = {}
    for program in programs:
        here = offers.now_on_apps([app], by_program.get(program.pk, []))[0]
        now[program.pk] = {
            "full": here.full,
            "gray": here.grays[0] if here.grays else None,
            "withdrawn": program.pk in withdrawn,
        }
    return now


def _newest(workspace: Any, programs: list[MiniProgram]) -> dict[str, Any]:
    """The newest version of each program, in two queries."""
    versions = selectors.versions(workspace).filter(program__in=programs)
    codes = dict(versions.order_by().values_list("program").annotate(Max("code")))
    newest = versions.filter(code__in=set(codes.values()))
    return {version.program_id: version for version in newest if codes[version.program_id] == version.code}
