"""What may not be found, marked for the catalog."""

from __future__ import annotations

from django.utils.translation import gettext_noop

THINGS = (
    gettext_noop("archive"),
    gettext_noop("capability"),
    gettext_noop("category"),
    gettext_noop("derived"),
    gettext_noop("generation"),
    gettext_noop("imported version"),
    gettext_noop("invitation"),
    gettext_noop("listing"),
    gettext_noop("mini program"),
    gettext_noop("mini-program"),
    gettext_noop("part"),
    gettext_noop("permission"),
    gettext_noop("plugin use"),
    gettext_noop("preview host"),
    gettext_noop("privacy acceptance"),
    gettext_noop("privacy agreement"),
    gettext_noop("release"),
    gettext_noop("review"),
    gettext_noop("short link"),
    gettext_noop("terms"),
    gettext_noop("trusted exporter"),
    gettext_noop("upload"),
    gettext_noop("version"),
)
