"""Which platform the client talks to, and as whom: the environment first, then what `ferry login` kept.

FERRY_SITE_URL and FERRY_TOKEN are for CI. The file holds a secret and is readable by its owner only.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ferry.cli.errors import NotSignedIn, Usage


@dataclass(frozen=True, slots=True)
class Profile:
    """A platform and a token for it."""

    site: str
    token: str


def path(environ: Mapping[str, str]) -> Path:
    """Where the profile is kept: $XDG_CONFIG_HOME/ferry/profile.json, by default under ~/.config."""
    base = environ.get("XDG_CONFIG_HOME") or str(Path(environ.get("HOME") or Path.home()) / ".config")
    return Path(base) / "ferry" / "profile.json"


def site(text: str) -> str:
    """A site's address without its trailing slash. Raises Usage for what is not an http or https URL."""
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # half of an IPv6 address, a port that is none
        sound = False
    if not sound:
        raise Usage(f"“{text}” is not the address of a Ferry site. Give it like https://ferry.example.com")
    return text.rstrip("/")


def load(environ: Mapping[str, str], site_given: str = "") -> Profile:
    """The profile to use. A token of the environment is never sent to a site of the file, nor the other way round."""
    token, where = environ.get("FERRY_TOKEN", ""), site_given or environ.get("FERRY_SITE_URL", "")
    if token and not sendable(token):
        raise Usage("FERRY_TOKEN holds no API token.")  # without quoting it: logs of pipelines are read by many
    if token and where:
        return Profile(site(where), token)
    if token:
        raise Usage("FERRY_TOKEN is set and FERRY_SITE_URL is not: set both.")
    try:
        kept = json.loads(path(environ).read_text("utf-8"))
        profile = Profile(site(str(kept["site"])), str(kept["token"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise NotSignedIn from None
    if where and site(where) != profile.site:
        raise NotSignedIn
    return profile


def from_file(file: Path, site_given: str, environ: Mapping[str, str]) -> Profile:
    """The profile in a file that somebody names (--pkp): as `save` writes it, or the bare token.

    A bare token goes to the site that was named with it, never to a kept one. Raises Usage, NotSignedIn.
    """
    try:
        text = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as wrong:
        raise Usage(f"{file} cannot be read: {getattr(wrong, 'strerror', None) or 'it is not text'}.") from None
    where = site_given or environ.get("FERRY_SITE_URL", "")
    try:
        kept = json.loads(text)
        token, own = str(kept["token"]), str(kept["site"])
    except (ValueError, KeyError, TypeError):
        token, own = text, where
    if not sendable(token):
        raise Usage(f"{file} holds no API token.")
    if not own:
        raise Usage("Say with --site or FERRY_SITE_URL which platform the token is for.")
    if where and site(where) != site(own):
        raise NotSignedIn
    return Profile(site(own), token)


def sendable(token: str) -> bool:
    """Whether it can stand in a header: an API token is printable ASCII without a space."""
    return token.isascii() and token.isprintable() and bool(token) and " " not in token


def save(profile: Profile, environ: Mapping[str, str]) -> Path:
    """Keep a profile, readable by its owner only from the first byte on; the old one is replaced at once."""
    kept = path(environ)
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=kept.parent)  # mode 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump({"site": profile.site, "token": profile.token}, file)
    os.replace(temporary, kept)
    return kept
