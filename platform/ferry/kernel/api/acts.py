"""Doors of one act: POST /releases/{release_id}/pause does one thing to one thing, and answers with what it became."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from ferry.kernel.api.serializers import StrictSerializer
from ferry.kernel.api.views import WorkspaceView
from ferry.kernel.identity.rights import Right


class ActView(WorkspaceView, ABC):
    """A base for each kind of thing says how it is found; below it, each act is a class that names its service.

    class PauseView(ReleaseActView, right=Right.RELEASE, summary="Hold a release"):
        act = services.pause_release

    The base's docstring is what OpenAPI says of every act on the thing.
    """

    act: ClassVar[Callable[..., Any]]  # the service: keyword-only, returns what changed
    form: ClassVar[type[StrictSerializer] | None] = None  # None: the act needs no words, and the body is not read
    answer: ClassVar[type[BaseSerializer[Any]]]

    def __init_subclass__(cls, *, right: Right | None = None, summary: str = "", **kwargs: Any) -> None:
        if "act" in cls.__dict__:
            if right is None or not summary:
                raise TypeError(f"{cls.__name__} has to say which right its act needs, and its summary")
            cls.rights = {"post": right}
            cls.post = _door(cls, summary)  # type: ignore[attr-defined]
        super().__init_subclass__(**kwargs)

    @abstractmethod
    def on(self, thing_id: str, values: dict[str, Any]) -> dict[str, Any]:
        """The thing, as the service's arguments; takes out of `values` whatever helps to find it. Raises NotFound."""

    def told(self, changed: Any) -> Any:
        """What the act answers with."""
        return self.answer(changed).data


def _door(view: type[ActView], summary: str) -> Callable[..., Response]:
    @extend_schema(summary=summary, request=view.form, responses=view.answer)
    def post(self: ActView, request: Request, **place: str) -> Response:
        (thing_id,) = place.values()
        values = self.parse(self.form) if self.form is not None else {}
        thing = self.on(thing_id, values)
        return Response(self.told(view.act(actor=self.actor, **thing, **values)))

    return post
