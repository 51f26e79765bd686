"""The base of every view of the management API: who, which workspace, which right, which input, which answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ClassVar, TypeVar, cast
from urllib.parse import unquote_to_bytes

from django.db import models
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from ferry.kernel.api import errors, idempotency
from ferry.kernel.api.authentication import TokenAuthentication
from ferry.kernel.api.pagination import page_of
from ferry.kernel.api.parsers import StrictJsonParser
from ferry.kernel.api.schema import FerrySchema
from ferry.kernel.api.serializers import StrictSerializer
from ferry.kernel.db import TenantModel
from ferry.kernel.errors import Invalid, NotFound
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.models import Workspace
from ferry.kernel.identity.rights import Right
from ferry.kernel.ids import is_id

Handler = Callable[..., Response]
T = TypeVar("T", bound=TenantModel)
M = TypeVar("M", bound=models.Model)
_METHODS = ("get", "post", "put", "patch", "delete")


class _Nothing(StrictSerializer):
    """The query of a list that cannot be narrowed down."""


class HasRight(BasePermission):
    """Asks the view which right the method needs and refuses an actor without it."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """True, or NotAllowed with the name of the right."""
        needed = cast(WorkspaceView, view).rights.get((request.method or "").lower())
        if needed is not None:
            require(cast(Actor, request.user), needed)
        return True


class WorkspaceView(APIView):
    """A door to one workspace, that of the token.

    `rights` names for each method the right that it needs, or None for "any token": a method that is not named there
    is a mistake that stops the start, so nothing is open because somebody forgot. Services check rights again; the
    door only refuses before it reads a body.

    A POST that carries an Idempotency-Key runs inside one transaction with the key. Where a POST does long work before
    its write (an upload), set `idempotent_inside = True` and call `self.once(lambda: …)` around the write alone, so
    that SQLite's one writer is not held meanwhile.
    """

    rights: ClassVar[Mapping[str, Right | None]] = {}
    idempotent_inside: ClassVar[bool] = False

    _asked = False  # whether the method has read the query

    authentication_classes = (TokenAuthentication,)
    permission_classes = (HasRight,)
    parser_classes = (StrictJsonParser,)
    renderer_classes = (JSONRenderer,)
    schema = FerrySchema()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for method in _METHODS:
            if method in cls.__dict__ and method not in cls.rights:
                raise TypeError(f"{cls.__name__}.rights does not say what {method.upper()} needs")
        if "post" in cls.__dict__ and not cls.idempotent_inside:
            cls.post = _idempotent(cls.post)  # type: ignore[attr-defined]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse who may not, and what would be read as something else silently.

        A body without a length reads as empty over WSGI; a query that is not UTF-8 reads with other characters in it.
        """
        super().initial(request, *args, **kwargs)
        if not _is_utf8(request.META.get("QUERY_STRING", "")):
            raise Invalid(reason=_("the query of the address is not percent-encoded UTF-8."))
        if "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH"):
            raise ParseError("send its length in Content-Length; a body in chunks is not read here")

    @property
    def actor(self) -> Actor:
        """Who is acting."""
        return cast(Actor, self.request.user)

    @property
    def workspace(self) -> Workspace:
        """The workspace that the token belongs to; nothing outside it can be reached."""
        return self.actor.workspace

    def parse(self, serializer_class: type[StrictSerializer]) -> dict[str, Any]:
        """The body, checked. Raises ValidationError."""
        return _checked(serializer_class, self.request.data)

    def query(self, serializer_class: type[StrictSerializer]) -> dict[str, Any]:
        """The query parameters apart from cursor and limit, checked. Raises ValidationError."""
        self._asked = True
        given = self.request.query_params.copy()
        given.pop("cursor", None)
        given.pop("limit", None)
        return _checked(serializer_class, given)

    def get_row(self, model: type[T], row_id: str, kind: str = "") -> T:
        """The workspace's row with this id. Raises NotFound, also when it is another workspace's."""
        fits = is_id(row_id)
        row = model.objects.of(self.workspace).filter(pk=row_id).first() if fits else None
        if row is None:
            raise NotFound(kind=kind or str(model._meta.verbose_name))
        return row

    def page(
        self, queryset: models.QuerySet[M], serializer_class: type[BaseSerializer[Any]], *, key: str = "id"
    ) -> Response:
        """`?cursor=&limit=` of the rows, newest first: {"items": […], "next": cursor or null}."""
        if not self._asked:
            self.query(_Nothing)  # a filter that does not exist would look as if it had found everything
        params = self.request.query_params
        page = page_of(queryset, cursor=params.get("cursor", ""), limit=params.get("limit", ""), key=key)
        return Response({"items": serializer_class(page.rows, many=True).data, "next": page.next})

    def once(self, act: Callable[[], Response]) -> Response:
        """`act`, at most once for each Idempotency-Key; simply `act` when the request has none."""
        key = idempotency.key_of(self.request)
        if not key:
            return act()
        fingerprint = idempotency.fingerprint(self.request)
        return idempotency.once(actor=self.actor, key=key, fingerprint=fingerprint, act=act)

    def answered(self) -> Response | None:
        """What the request's Idempotency-Key was answered before; for work before `once` that uses something up."""
        key = idempotency.key_of(self.request)
        if not key:
            return None
        fingerprint = idempotency.fingerprint(self.request)
        return idempotency.answered(actor=self.actor, key=key, fingerprint=fingerprint)

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response | None]:
        """Ferry's error shape, whatever the settings say."""
        return errors.exception_handler


def created(data: Any, *, location: str = "") -> Response:
    """201 with the new thing, and where it lives."""
    return Response(data, status=201, headers={"Location": location} if location else None)


def _is_utf8(query: str) -> bool:
    try:
        unquote_to_bytes(query.encode("latin-1")).decode()
    except UnicodeError:
        return False
    return True


def _idempotent(handler: Handler) -> Handler:
    @wraps(handler)
    def post(self: WorkspaceView, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.once(lambda: handler(self, request, *args, **kwargs))

    return post


def _checked(serializer_class: type[StrictSerializer], data: Any) -> dict[str, Any]:
    serializer = serializer_class(data=data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
