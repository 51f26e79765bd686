"""What mini-programs of the workspace may weigh."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from console.forms.budgets import BudgetsForm
from console.views.base import WorkspacePage
from ferry.kernel.errors import FerryError
from ferry.kernel.identity.rights import Right
from miniapps import selectors, services


class SizeBudgets(WorkspacePage):
    """The budgets."""

    section = "programs"
    template = "console/budgets.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page."""
        return self.shown()

    def shown(self, form: BudgetsForm | None = None, status: int = 200) -> HttpResponse:
        """The page, with the form as it was sent where something is wrong with it."""
        budgets = selectors.size_budgets(self.workspace)
        form = form or BudgetsForm(budgets=budgets)
        return self.page({"form": form, "budgets": budgets, "most": settings.FERRY_MAX_UPLOAD_BYTES}, status=status)


class SetSizeBudgets(SizeBudgets):
    """Change them."""

    right = Right.MANAGE_APPS
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Save; the next upload is measured by them."""
        form = BudgetsForm(request.POST, budgets=selectors.size_budgets(self.workspace))
        if form.is_valid():
            try:
                services.set_size_budgets(actor=self.actor, budgets=form.budgets())
            except FerryError as error:
                form.add_error(None, error.text())
            else:
                self.said(_("Saved. The next upload is measured by it."))
                return self.go("size-budgets")
        return self.shown(form, status=400)
