"""Prediction: what leaving means, how good the model is, who is at risk, and the way to reach them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from analytics.churn import reasons, selectors, services, wording
from analytics.churn.errors import NoPrediction
from console import figures
from console.forms.prediction import ChurnForm
from console.views.base import WorkspacePage
from ferry.kernel.errors import FerryError
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.models import HostApp
from ferry.kernel.identity.rights import Right

MOST_SCORES = 20
FIELDS = ("active", "inactive_days", "active_days", "activity_events", "high_from", "medium_from")


class Prediction(WorkspacePage):
    """Where the prediction of one host app stands."""

    section = "prediction"
    right = Right.VIEW_ANALYTICS
    template = "console/prediction.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page."""
        app = self.chosen_app()
        return self.page({"app": None}) if app is None else self.shown(app)

    def shown(self, app: HostApp, form: ChurnForm | None = None, status: int = 200) -> HttpResponse:
        """The page of a host app; `form` where something in it was wrong."""
        setting = selectors.setting_or_default(self.workspace, app.pk)
        stored = selectors.setting(self.workspace, app.pk) is not None
        model, run = selectors.model(self.workspace, app.pk), selectors.run(self.workspace, app.pk)
        initial = {name: getattr(setting, name) for name in FIELDS}
        context: dict[str, Any] = {
            "app": app,
            "apps": self.apps,
            "setting": setting,
            "form": form or ChurnForm(initial=initial if stored else {**initial, "active": True}),
            "problem": wording.words(setting.problem),
            "model": model,
            "run": run,
            "fallback": wording.words(model.fallback) if model else "",
            "quality": figures.quality_rows(model) if model else [],
            "bands": selectors.bands(self.workspace, app.pk),
            "histogram": figures.histogram(run.histogram) if run else {"empty": True},
        }
        return self.page(context, status=status)


class PredictionSetting(Prediction):
    """Say what leaving means."""

    right = Right.MANAGE_SEGMENTS
    http_method_names = ["post"]

    def post(self, request: HttpRequest, app_id: str) -> HttpResponse:
        """Save; a change trains anew."""
        app = identity.host_app(self.workspace, app_id)
        form = ChurnForm(request.POST)
        if form.is_valid():
            try:
                services.set_definition(actor=self.actor, host_app_id=app.pk, **form.cleaned_data)
            except FerryError as error:
                form.add_error(None, error.text())
            else:
                self.said(_("Saved. Whatever was trained before is out of date; a new model is trained."))
                return self.back(app)
        return self.shown(app, form, status=400)

    def back(self, app: HostApp) -> HttpResponse:
        """To the page of the host app."""
        answer = self.go("prediction")
        answer["Location"] += f"?app={app.pk}"
        return answer


class TrainNow(PredictionSetting):
    """Train before it is due."""

    def post(self, request: HttpRequest, app_id: str) -> HttpResponse:
        """Ask and return."""
        app = identity.host_app(self.workspace, app_id)
        with self.refusals():
            services.request_training(actor=self.actor, host_app_id=app.pk)
            self.said(_("Training is asked for. It begins within a minute and takes a few."))
        return self.back(app)


class TopScores(WorkspacePage):
    """The users at the highest risk and why. They are persons, so the audit log says who looked."""

    right = Right.VIEW_DEVICES

    def get(self, request: HttpRequest, app_id: str) -> HttpResponse:
        """The part."""
        app = identity.host_app(self.workspace, app_id)
        try:
            rows = services.list_scores(actor=self.actor, host_app_id=app.pk)[:MOST_SCORES]
        except NoPrediction as error:
            return self.part("console/parts/scores.html", {"error": error.text()})
        told = [{"score": row, "reasons": [(reasons.word(one), one[1]) for one in row.reasons]} for row in rows]
        return self.part("console/parts/scores.html", {"rows": told, "app": app})
