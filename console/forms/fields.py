"""Kinds of fields that Django lacks."""

from __future__ import annotations

from typing import Any

from django import forms


class LinesField(forms.CharField):
    """A list of values, one on each line."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        """The lines without blanks; empty lines fall away."""
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]

    def validate(self, value: Any) -> None:
        """Only whether something is there at all."""
        if self.required and not value:
            raise forms.ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:
        """The service behind the form checks each line."""

    def prepare_value(self, value: Any) -> Any:
        """A list is shown as lines."""
        return "\n".join(value) if isinstance(value, list) else value


class PercentField(forms.DecimalField):
    """A percentage in steps of 0.01; its value is a share in 1/10,000, as services take it."""

    widget = forms.NumberInput

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=100, max_digits=5, decimal_places=2, step_size=None, **options)
        self.widget.attrs.update({"step": "0.01", "inputmode": "decimal"})

    def clean(self, value: Any) -> Any:
        """10.5 becomes 1050."""
        percent = super().clean(value)
        return None if percent is None else int((percent * 100).to_integral_value())

    def prepare_value(self, value: Any) -> Any:
        """A share that the program set is shown as percent; what a person typed stays as typed."""
        return f"{value / 100:.2f}".rstrip("0").rstrip(".") if isinstance(value, int) else value


class PairsField(LinesField):
    """Names with values, one pair on each line: `name = value`."""

    def to_python(self, value: Any) -> Any:
        """The pairs; the last one of a name counts. A line without “=” is a name without a value."""
        pairs = (line.partition("=") for line in super().to_python(value))
        return {name.strip(): text.strip() for name, _sign, text in pairs}

    def prepare_value(self, value: Any) -> Any:
        """Pairs that the program set are shown as lines."""
        return "\n".join(f"{name} = {text}" for name, text in value.items()) if isinstance(value, dict) else value


class TimeInput(forms.TimeInput):
    """The browser's own field for a time of day."""

    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")
