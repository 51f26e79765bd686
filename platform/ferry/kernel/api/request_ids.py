"""The id of a request, for whoever traces or answers it. Apart from everything, so that anything may import it."""

from __future__ import annotations


def request_id(request: object) -> str:
    """The id that RequestIdMiddleware gave a request; "" for one that did not pass it."""
    return str(getattr(request, "request_id", ""))
