"""What surrounds mini-programs: categories of the directory, privacy agreements, short links."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from console.forms.around import CategoriesForm, LinkForm, PrivacyForm
from console.views.base import WorkspacePage
from console.views.programs import ProgramPage, edit_right
from ferry.kernel.errors import FerryError
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.rights import Right
from miniapps import selectors, services
from miniapps.models import MiniProgram


class Categories(WorkspacePage):
    """The shelves of the directory, one on each line."""

    section = "programs"
    template = "console/categories.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list as text to edit."""
        return self.shown(CategoriesForm(initial=CategoriesForm.initial_of(selectors.categories(self.workspace))))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Replace it."""
        form = CategoriesForm(request.POST)
        if form.is_valid():
            try:
                services.set_categories(actor=self.actor, shelves=form.shelves())
            except FerryError as error:
                form.add_error(None, error.text())
            else:
                self.said(_("Saved. Phones have the new order at their next visit."))
                return self.go("categories")
        return self.shown(form, status=400)

    def shown(self, form: CategoriesForm, status: int = 200) -> HttpResponse:
        """The page."""
        counts: dict[str, int] = {}
        for category in selectors.programs(self.workspace).values_list("category", flat=True):
            counts[category] = counts.get(category, 0) + 1
        rows = [(row, counts.get(row.key, 0)) for row in selectors.categories(self.workspace)]
        return self.page({"form": form, "rows": rows, "may": self.actor.may(Right.RELEASE)}, status=status)


class Privacy(ProgramPage):
    """The privacy agreement of a mini-program in its versions, and who accepted which."""

    template = "console/privacy.html"

    def get(self, request: HttpRequest, program_id: str) -> HttpResponse:
        """The page, with the newest version in the form."""
        program = self.program(program_id)
        newest = selectors.agreements(program).first()
        return self.shown(program, PrivacyForm(initial=PrivacyForm.initial_of(newest)))

    def post(self, request: HttpRequest, program_id: str) -> HttpResponse:
        """Publish a new version."""
        program = self.program(program_id)
        form = PrivacyForm(request.POST)
        if form.is_valid():
            try:
                made = services.publish_agreement(actor=self.actor, program=program, **form.values())
            except FerryError as error:
                form.add_error(None, error.text())
            else:
                self.said(_("Version {number} is published. Phones ask for it once.").format(number=made.version))
                return self.go("privacy", program_id)
        return self.shown(program, form, status=400)

    def shown(self, program: MiniProgram, form: PrivacyForm, status: int = 200) -> HttpResponse:
        """The page."""
        accepted = selectors.acceptances(program)
        rows = [
            {
                "agreement": agreement,
                "devices": sum(accepted.get(agreement.version, {}).values()),
                "by_app": [(app, accepted.get(agreement.version, {}).get(app.pk, 0)) for app in self.apps],
            }
            for agreement in selectors.agreements(program)[:50]
        ]
        listed = any(selectors.listing(app, program) for app in self.apps)
        may = self.actor.may(edit_right(listed=listed))
        return self.page({"program": program, "form": form, "rows": rows, "apps": self.apps, "may": may}, status=status)


class Links(WorkspacePage):
    """Short links: the list, and a new one."""

    section = "links"
    template = "console/links.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list with a form."""
        return self.shown(self.form())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make a link and show it."""
        form = self.form(request.POST)
        if form.is_valid():
            data = form.cleaned_data
            days = data["days"]
            try:
                made = services.create_link(
                    actor=self.actor,
                    host_app=identity.host_app(self.workspace, data["host_app"]),
                    program=selectors.program(self.workspace, data["program"]),
                    name=data["name"],
                    path=data["path"],
                    query=data["query"],
                    lifetime=timedelta(days=days) if days else None,
                )
            except FerryError as error:
                form.add_error(None, error.text())
            else:
                self.said(_("The link is made. The edges have it within two seconds."))
                return self.go("link", made.pk)
        return self.shown(form, status=400)

    def form(self, *given: Any) -> LinkForm:
        """The form with the workspace's own choices."""
        apps = [(app.pk, f"{app.name} · {app.get_environment_display()}") for app in self.apps if app.link_base]
        programs = selectors.programs(self.workspace).order_by("name").values_list("program_id", "name")[:500]
        return LinkForm(*given, apps=apps, programs=list(programs))

    def shown(self, form: LinkForm, status: int = 200) -> HttpResponse:
        """The page."""
        page = self.paged(selectors.links(self.workspace))
        rows = [(link, selectors.link_url(link), selectors.link_state(link)) for link in page]
        return self.page({"page": page, "rows": rows, "form": form, "apps": self.apps}, status=status)


class OneLink(WorkspacePage):
    """One short link, to copy, print and count."""

    section = "links"
    template = "console/link.html"

    def get(self, request: HttpRequest, link_id: str) -> HttpResponse:
        """The page."""
        link = selectors.link(self.workspace, link_id)
        context = {"address": selectors.link_url(link), "target": selectors.link_target(link)}
        return self.page({"link": link, "state": selectors.link_state(link), **context})


class EndLink(WorkspacePage):
    """End a link."""

    right = Right.RELEASE
    http_method_names = ["post"]

    def post(self, request: HttpRequest, link_id: str) -> HttpResponse:
        """End it and return."""
        with self.refusals():
            services.end_link(actor=self.actor, link=selectors.link(self.workspace, link_id))
            self.said(_("The link is over."))
        return self.go("link", link_id)
