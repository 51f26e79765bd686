"""Input that is exactly what was declared: unknown fields are refused and every field has a bound."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from ferry.kernel.strict_json import nesting
from ferry.kernel.words import TURNED, turns


class StrictSerializer(serializers.Serializer[Any]):
    """A request's body or query. Declaring a field without a bound is a mistake that stops the start.

    A silently ignored field is a typo that its author never learns of; an unbounded one is somebody's memory.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, field in cls._declared_fields.items():
            if not field.read_only and not _bounded(field):
                raise TypeError(f"{cls.__module__}.{cls.__name__}.{name} accepts input without a bound")

    def to_internal_value(self, data: Any) -> Any:
        """The validated data. Raises ValidationError, which names unknown fields too."""
        if isinstance(data, Mapping):
            unknown = sorted(str(name)[:80] for name in data if name not in self.fields)
            if unknown:
                known = ", ".join(name for name, field in self.fields.items() if not field.read_only)
                words = _("This field is unknown. Known here: {known}.").format(known=known or "–")
                raise serializers.ValidationError({name: [words] for name in unknown[:10]})
            turned = [str(name) for name, value in data.items() if turns(value)]
            if turned:
                raise serializers.ValidationError({name: [str(TURNED)] for name in turned})
        return super().to_internal_value(data)


def _bounded(field: serializers.Field[Any, Any, Any, Any]) -> bool:
    match field:
        case serializers.CharField():
            return field.max_length is not None
        case serializers.IntegerField() | serializers.FloatField():
            return field.max_value is not None and field.min_value is not None
        case serializers.ListSerializer():
            return getattr(field, "max_length", None) is not None
        case serializers.ListField():
            return field.max_length is not None and _bounded(field.child)
        case serializers.DictField():
            return False  # nothing in REST framework bounds one: use a StrictSerializer or a JSONField with a check
    return True


class AtMost:
    """Bounds a JSONField: at most so many bytes as JSON, at most so deep."""

    def __init__(self, size: int, depth: int = 20) -> None:
        self._size, self._depth = size, depth

    def __call__(self, value: Any) -> None:
        """Raise ValidationError when it is larger or deeper."""
        if len(json.dumps(value, ensure_ascii=False).encode()) > self._size:
            raise serializers.ValidationError(_("At most {size} bytes.").format(size=self._size))
        if nesting(value) > self._depth:
            raise serializers.ValidationError(_("At most {depth} levels.").format(depth=self._depth))


class ErrorBodySerializer(serializers.Serializer[Any]):
    """What an error tells."""

    code = serializers.CharField(help_text="Stable, for programs; docs/errors.md lists all.")
    message = serializers.CharField(help_text="For people, in their language; says what to do.")
    details = serializers.DictField(help_text="What the message is about.")
    request_id = serializers.CharField(help_text="The answer's X-Request-Id.")


class ErrorSerializer(serializers.Serializer[Any]):
    """The one shape of every error."""

    error = ErrorBodySerializer()
