"""How a program proves who it is: `Authorization: Bearer ft_…`. Sessions are not accepted, so nothing needs CSRF."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from ferry.kernel.api.addresses import client_address
from ferry.kernel.api.request_ids import request_id
from ferry.kernel.errors import Unauthenticated
from ferry.kernel.identity.actors import Actor
from ferry.kernel.identity.selectors import find_token

_LONGEST_HEADER = 200


class TokenAuthentication(BaseAuthentication):
    """Turns the token into an Actor, which is then `request.user`."""

    def authenticate(self, request: Request) -> tuple[Actor, None]:
        """The actor. Raises Unauthenticated, also when nothing was sent: no endpoint of this API is public."""
        header = request.META.get("HTTP_AUTHORIZATION", "")
        scheme, _, plain = header.partition(" ")
        if len(header) > _LONGEST_HEADER or scheme.lower() != "bearer":
            raise Unauthenticated
        django_request = request._request
        return find_token(plain.strip(), client_address(django_request), request_id(django_request)), None

    def authenticate_header(self, request: Request) -> str:
        """For WWW-Authenticate (RFC 6750 section 3)."""
        return 'Bearer realm="ferry"'
