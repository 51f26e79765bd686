"""A Django of its own with one async view that does not even read the body.

With the middleware that `django-admin startproject` writes, as such a view stands in a project; `bare` leaves all of it
away, the least that Django over ASGI can be.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from bench._support import STARTPROJECT, setup_django

setup_django(Path(os.environ["FERRY_DATA"]))

from django.conf import settings  # noqa: E402
from django.core.handlers.asgi import ASGIHandler  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402


@csrf_exempt
async def nothing(request: HttpRequest) -> HttpResponse:
    """Does not even read the body."""
    return HttpResponse(b'{"success":true}', content_type="application/json")


urlpatterns = [path("v1/batch", nothing)]
settings.MIDDLEWARE = [] if "bare" in sys.argv else STARTPROJECT
settings.ALLOWED_HOSTS = ["*"]
settings.SECURE_SSL_REDIRECT = False
settings.ROOT_URLCONF = __name__
application = ASGIHandler()
