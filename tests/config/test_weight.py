"""A process loads what it serves: the heavy libraries stay out of `django.setup()`."""

from __future__ import annotations

import os
import subprocess
import sys

HEAVY = ("rest_framework.views", "drf_spectacular.plumbing", "django.contrib.admin", "redis", "PIL.Image", "boto3")


def test_setup_imports_none_of_the_heavy_libraries(root):
    code = (
        "import sys, django; sys.path.insert(0, 'platform'); django.setup();"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])"
    )
    environ = {**os.environ, "DJANGO_SETTINGS_MODULE": "ferry.config.settings"}
    environ.pop("REDIS_URL", None)
    done = subprocess.run([sys.executable, "-c", code], cwd=root, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
