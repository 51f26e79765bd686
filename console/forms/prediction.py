"""What leaving means for an app, as a form."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from console.forms.fields import LinesField


class ChurnForm(forms.Form):
    """The definition; its fields are those of analytics.churn.services.set_definition."""

    active = forms.BooleanField(label=_("Predict who is about to leave"), required=False)
    inactive_days = forms.IntegerField(
        label=_("Has left: days without a sign"), min_value=1, max_value=365, help_text=_("Silence that counts.")
    )
    active_days = forms.IntegerField(label=_("Asked of users active in the last days"), min_value=1, max_value=730)
    activity_events = LinesField(
        label=_("Events that count as being there"),
        required=False,
        help_text=_("One on each line. Empty: all of them."),
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )
    high_from = forms.IntegerField(label=_("High risk from score"), min_value=2, max_value=99)
    medium_from = forms.IntegerField(label=_("Medium risk from score"), min_value=1, max_value=98)
