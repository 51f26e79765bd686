"""What a preview host shows. The content listener asks by label, across workspaces: knowing the label is the right."""

from __future__ import annotations

from django.conf import settings

from ferry.edge.content.previews import Preview
from ferry.kernel import clock
from miniapps.models import PreviewHost

_LABEL = frozenset("0123456789abcdefghjkmnpqrstvwxyz")


def preview(label: str) -> Preview | None:
    """The package behind a preview host; None when there is none or it has expired."""
    if not label or len(label) > 40 or not _LABEL.issuperset(label):
        return None
    found = (
        PreviewHost.objects.unscoped()
        .filter(label=label, expires_at__gt=clock.now())
        .select_related("version")
        .defer("version__report")
        .first()
    )
    if found is None:
        return None
    version = found.version
    files = tuple((path, offset, size, sha256) for path, offset, size, sha256 in version.files)
    return Preview(sha256=version.sha256, files=files, entry=version.entry, expires_at=found.expires_at)


def preview_url(preview_host: PreviewHost) -> str:
    """Where a preview can be opened."""
    origin: str = settings.FERRY_CONTENT_ORIGIN
    return origin.replace("{version}", preview_host.label) + "/"
