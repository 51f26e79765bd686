"""What every template may use, error pages included."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def console(request: HttpRequest) -> dict[str, Any]:
    """Where devices call, for the pages that show how to connect one."""
    return {"edge_url": settings.FERRY_EDGE_URL, "site_url": settings.FERRY_SITE_URL}
