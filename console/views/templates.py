"""Templates of messages: content that is written once and sent often."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from console.forms.campaigns import TemplateForm
from console.views.base import WorkspacePage
from ferry.kernel.errors import FerryError
from ferry.kernel.identity.rights import Right
from push import selectors, services


class Templates(WorkspacePage):
    """All templates."""

    section = "campaigns"
    right = Right.PUSH_VIEW
    template = "console/templates.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list by name."""
        return self.page({"page": self.paged(selectors.templates(self.workspace).order_by("name"))})


class NewTemplate(WorkspacePage):
    """Write one."""

    section = "campaigns"
    right = Right.PUSH_WRITE
    template = "console/template_form.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self.page({"form": TemplateForm()})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep it."""
        return self.kept(TemplateForm(request.POST))

    def kept(self, form: TemplateForm, **more: Any) -> HttpResponse:
        """Store what was typed, or show what is wrong with it."""
        row = more.get("row")
        if form.is_valid():
            given: dict[str, Any] = {"actor": self.actor, "name": form.cleaned_data["name"], "words": form.words()}
            try:
                if row is None:
                    services.create_template(**given)
                else:
                    services.update_template(**given, template=row)
            except FerryError as error:
                form.add_error(None, error.text())
            else:
                self.said(_("The template is kept. Campaigns made from it before stay as they are."))
                return self.go("templates")
        return self.page({"form": form, **more}, status=400)


class EditTemplate(NewTemplate):
    """Change one."""

    def get(self, request: HttpRequest, template_id: str) -> HttpResponse:  # type: ignore[override]
        """The form with what is stored."""
        row = selectors.template(self.workspace, template_id)
        initial = {name: getattr(row, name) for name in ("name", "title", "body", "link")} | {"payload": row.data}
        return self.page({"form": TemplateForm(initial=initial), "row": row})

    def post(self, request: HttpRequest, template_id: str) -> HttpResponse:  # type: ignore[override]
        """Keep it."""
        return self.kept(TemplateForm(request.POST), row=selectors.template(self.workspace, template_id))


class DeleteTemplate(WorkspacePage):
    """Delete one; what was made from it stays."""

    right = Right.PUSH_WRITE
    http_method_names = ["post"]

    def post(self, request: HttpRequest, template_id: str) -> HttpResponse:
        """Delete and return."""
        with self.refusals():
            services.delete_template(actor=self.actor, template=selectors.template(self.workspace, template_id))
            self.said(_("The template is deleted."))
        return self.go("templates")
