"""Loaded before Django's settings (pytest -p): gives the run a data folder of its own, removed at its end."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

_folder = tempfile.mkdtemp(prefix="ferry-test-")
_owner = os.getpid()


@atexit.register
def _remove() -> None:
    if os.getpid() == _owner:
        shutil.rmtree(_folder, ignore_errors=True)


os.environ["FERRY_DATA"] = _folder
for _name in [name for name in os.environ if name.startswith("FERRY_") and name != "FERRY_DATA"]:
    del os.environ[_name]
