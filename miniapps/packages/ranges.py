"""Version ranges of plugins, in the notation of npm ("^1.2.0", "~1.4", ">=1 <3", "1.x"). Pure.

Source: the node-semver documentation; implemented by python-semanticversion (docs/decisions/0671).
"""

from __future__ import annotations

from functools import lru_cache

from semantic_version import NpmSpec, Version


def is_range(text: str) -> bool:
    """Whether the text is a range."""
    return _spec(text) is not None


def is_version(text: str) -> bool:
    """Whether the text is a Semantic Version 2.0.0: what a plugin's versions have to be called."""
    return _version(text) is not None


def newest_within(text: str, names: list[str]) -> str | None:
    """The newest of the version names that the range admits; None when there is none.

    A pre-release is admitted only where the range names one of the same three numbers, as npm does it.
    """
    spec = _spec(text)
    versions = [version for name in names if (version := _version(name)) is not None]
    best = spec.select(versions) if spec is not None else None
    return None if best is None else str(best)


@lru_cache(maxsize=1024)
def _spec(text: str) -> NpmSpec | None:
    try:
        return NpmSpec(text)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except ValueError:
        return None
