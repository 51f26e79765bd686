"""A Django of its own: the view, no middleware, no database. The least that DRF can be."""

from __future__ import annotations

import os
from pathlib import Path

from bench._support import setup_django

setup_django(Path(os.environ["FERRY_DATA"]))

from django.conf import settings  # noqa: E402
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402

settings.MIDDLEWARE = []
settings.ROOT_URLCONF = "bench.drf_baseline.urls"
application = WSGIHandler()
