"""What can go wrong with churn prediction, and what to do about it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ferry.kernel.errors import Conflict, FerryError


class DefinitionRefused(FerryError):
    code = "churn_definition_invalid"
    status = 400
    message = _("The definition of leaving is not valid: {reason}.")


class NotPredicting(Conflict):
    code = "churn_not_set"
    message = _("Churn prediction is not switched on for this host app. Set its definition first.")


class NoPrediction(FerryError):
    code = "churn_no_prediction"
    status = 404
    message = _("There is no churn prediction for this host app yet. It comes with the next training; see “problem”.")


class ModelUnusable(FerryError):
    code = "churn_model_unusable"
    status = 409
    message = _("The stored churn model cannot be used: {reason}. A new one is trained at the next occasion.")


class ImportRefused(FerryError):
    code = "import_refused"
    status = 400
    message = _("The events cannot be imported: {reason}")
