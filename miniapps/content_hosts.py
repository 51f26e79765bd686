"""The host names under the content origin: a random one for each preview, and one for each released version.

Pure. A released version's name is its id, 80 random bits of it, behind a "v"; previews' labels have another length.
"""

from __future__ import annotations

from ferry.kernel.ids import LENGTH

_RELEASED = "v"


def web_origin(content_origin: str, version_id: str) -> str:
    """The origin of a released version's files. `content_origin` is the setting, with its {version}."""
    return content_origin.replace("{version}", _RELEASED + version_id)


def released_version(label: str) -> str | None:
    """The id of the version that a label names; None for a preview's label."""
    return label[1:] if len(label) == LENGTH + 1 and label.startswith(_RELEASED) else None
