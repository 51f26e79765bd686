"""The operator's first visit to the console: a password handed out by somebody else has to be replaced."""

from __future__ import annotations

import re
import secrets

import httpx

from examples.demo.platform import CannotStart

_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def choose_password(site: str, email: str, handed: str) -> str:
    """Signs in with the one-time password and sets an own one, as a browser would; the new password."""
    chosen = secrets.token_urlsafe(9)
    with httpx.Client(base_url=site, timeout=20, trust_env=False, headers={"Referer": f"{site}/"}) as browser:
        _send(browser, "/sign-in", {"email": email, "password": handed, "next": ""})
        _send(browser, "/account", {"current": handed, "new": chosen, "again": chosen})
    return chosen


def _send(browser: httpx.Client, page: str, form: dict[str, str]) -> None:
    token = _CSRF.search(browser.get(page).text)
    if token is None:
        raise CannotStart(f"{page} shows no form.")
    answer = browser.post(page, data={**form, "csrfmiddlewaretoken": token[1]})
    if answer.status_code != 302:
        raise CannotStart(f"{page} answered {answer.status_code} instead of going on.")
