"""A Django of its own: the view and no database.

Without any middleware, the least that DRF can be; with `startproject` as such a view stands in a project.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from bench._support import STARTPROJECT, setup_django

setup_django(Path(os.environ["FERRY_DATA"]))

from django.conf import settings  # noqa: E402
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402

settings.MIDDLEWARE = STARTPROJECT if "startproject" in sys.argv else []
settings.ALLOWED_HOSTS = ["*"]
settings.SECURE_SSL_REDIRECT = False
settings.ROOT_URLCONF = "bench.drf_baseline.urls"
application = WSGIHandler()
