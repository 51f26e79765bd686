"""The page behind a short link. Pure but for the words: every value is escaped, and nothing in it is a script."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.translation import get_language, gettext

_STYLE = (
    "body{margin:0;min-height:100vh;display:grid;place-items:center;background:#eef4f6;color:#14313d;"
    'font:16px/1.5 system-ui,-apple-system,"PingFang SC","Microsoft YaHei",sans-serif}'
    "main{background:#fff;border-radius:24px;padding:36px 32px;max-width:340px;width:calc(100% - 96px);"
    "text-align:center;box-shadow:0 20px 60px -20px #0f4a5c55}"
    "img{width:88px;height:88px;border-radius:22px}h1{font-size:22px;margin:12px 0 4px;overflow-wrap:anywhere}"
    "p{margin:4px 0;color:#4d6772;overflow-wrap:anywhere}"
    "a{display:block;margin:24px 0 8px;padding:13px;border-radius:14px;background:#0f4a5c;color:#fff;"
    "text-decoration:none;font-weight:600}a:focus-visible{outline:3px solid #2fb8a6;outline-offset:2px}"
    "figure{margin:20px 0 0}svg{width:180px;height:180px}figcaption{font-size:13px;color:#4d6772}"
    "@media(max-width:480px){figure{display:none}}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


@dataclass(frozen=True, slots=True)
class Page:
    """What the page of a link shows."""

    app: str  # the host app's name
    name: str  # the mini-program's; empty when the app no longer lists it
    description: str
    icon: str  # address of a PNG, or empty
    address: str  # the deep link; empty when nothing can be opened
    withdrawn: str  # the message; empty while it is not withdrawn
    qr: str  # an SVG element


def policy(edge_url: str) -> str:
    """The page's content security policy: one style, our icons, no script and no form."""
    return (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src {edge_url}; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    )


def render(page: Page | None, *, over: bool = False) -> str:
    """The page in the active language. Without a `page` it says that the link is over, or leads nowhere."""
    if page is None:
        title = gettext("This link is over.") if over else gettext("This link leads nowhere.")
        return _html(title, f"<h1>{escape(title)}</h1>")
    title = page.name or page.app
    inside = f'<img src="{escape(page.icon)}" alt="">' if page.icon else ""
    inside += f"<h1>{escape(title)}</h1>"
    if page.withdrawn:
        inside += f"<p>{escape(page.withdrawn)}</p>"
    elif not page.address:
        closed = gettext("It cannot be opened at the moment.")
        inside += f"<p>{escape(closed)}</p>"
    else:
        button = gettext("Open in {app}").format(app=page.app)
        scan = gettext("Or scan with your phone")
        inside += f"<p>{escape(page.description)}</p>" if page.description else ""
        inside += f'<a href="{escape(page.address)}">{escape(button)}</a>'
        inside += f"<figure>{page.qr}<figcaption>{escape(scan)}</figcaption></figure>"
    return _html(title, inside)


def _html(title: str, inside: str) -> str:
    language = "zh-Hans" if (get_language() or "").startswith("zh") else "en"
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>{inside}</main></body></html>"
    )
