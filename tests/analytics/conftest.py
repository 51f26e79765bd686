"""The journal's fixtures serve analytics too."""

from tests.journal.conftest import folders, world

__all__ = ["folders", "world"]
