#!/usr/bin/env python
"""Runs Django's commands and Ferry's own (`up`, `bootstrap`, `verify_audit`, …)."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "platform"))  # a folder on the path, never a package: see docs/architecture.md


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ferry.config.settings")
    from django.core.management import execute_from_command_line

    from ferry.config import lifeline

    lifeline.watch()

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
