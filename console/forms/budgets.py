"""The form of the size budgets: megabytes for people, bytes for everybody else."""

from __future__ import annotations

from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from miniapps.packages.sizes import Budgets

MB = 1 << 20


class MegabytesField(forms.DecimalField):
    """A size in MB in steps of 0.01; its value is bytes. A size between two steps is shown rounded.

    The form sends back what it showed too: only what a person changed is written, beside what others change meanwhile.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=Decimal("0.01"), max_value=MB, decimal_places=2, show_hidden_initial=True, **options)
        self.widget.attrs.update({"step": "0.01", "inputmode": "decimal"})

    def clean(self, value: Any) -> Any:
        """1.5 becomes 1,572,864."""
        amount = super().clean(value)
        return None if amount is None else int(amount * MB)

    def prepare_value(self, value: Any) -> Any:
        """Bytes are shown as MB; what a person typed stays as typed."""
        return f"{value / MB:.2f}".removesuffix(".00") if isinstance(value, int) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether something else was typed than what was shown."""
        return str(self.prepare_value(initial)) != str(data).strip()


class BudgetsForm(forms.Form):
    """What a mini-program of the workspace may weigh."""

    total = MegabytesField(label=_("Everything together, in MB"))
    main = MegabytesField(label=_("Main package, in MB"))
    subpackage = MegabytesField(label=_("Each sub-package, in MB"))

    def __init__(self, *args: Any, budgets: Budgets, **options: Any) -> None:
        options["initial"] = asdict(budgets)
        super().__init__(*args, **options)
        self._before = budgets

    def budgets(self) -> Budgets:
        """As they are now, but for what was typed; what was left as it was shown keeps its exact size."""
        return replace(self._before, **{name: self.cleaned_data[name] for name in self.changed_data})
