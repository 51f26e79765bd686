"""The console's line icons: path data on a 24x24 grid, drawn for this project. Pure data.

Inline SVG needs no request and follows the text's colour; the strict CSP allows it because it carries no style.
"""

from __future__ import annotations

ICONS: dict[str, str] = {
    "overview": "M4 13h6V4H4zM14 20h6v-9h-6zM14 4v4h6V4zM4 20h6v-4H4z",
    "programs": "M5 5h6v6H5zM13 5h6v6h-6zM5 13h6v6H5zM16 13v6M13 16h6",
    "devices": "M8 3h8a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1zM11 18h2",
    "apps": "M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9",
    "members": (
        "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3 20c0-3.3 2.7-5.5 6-5.5s6 2.2 6 5.5M16 4.5a3.5 3.5 0 0 "
        "1 0 6.5M17.5 15c2.1.7 3.5 2.4 3.5 5"
    ),
    "token": "M14.5 9.5a4 4 0 1 0-3.4 4L13 15.5h2v2h2v2h3v-3l-5.8-5.8c.2-.4.3-.8.3-1.2zM9 9h.01",
    "audit": "M6 3h9l4 4v14H6zM15 3v4h4M9.5 12h6M9.5 16h4",
    "upload": "M12 16V5M7.5 9.5L12 5l4.5 4.5M5 19h14",
    "plus": "M12 5v14M5 12h14",
    "check": "M5 12.5l4.5 4.5L19 7.5",
    "cross": "M6.5 6.5l11 11M17.5 6.5l-11 11",
    "warning": "M12 4l9 16H3zM12 10v4M12 17h.01",
    "info": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5M12 8h.01",
    "pause": "M9 6v12M15 6v12",
    "play": "M8 5.5v13l10.5-6.5z",
    "back": "M9 7L4 12l5 5M4 12h10a6 6 0 0 1 6 6",
    "flag": "M6 21V4M6 4.5h11l-2 4 2 4H6",
    "search": "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16.2 16.2L20.5 20.5",
    "menu": "M4 7h16M4 12h16M4 17h16",
    "down": "M7 10l5 5 5-5",
    "globe": (
        "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM3.5 12h17M12 3c2.6 2.5 3.9 5.5 3.9 9s-1.3 6.5-3.9 "
        "9c-2.6-2.5-3.9-5.5-3.9-9S9.4 5.5 12 3z"
    ),
    "sign-out": "M10 4H5v16h5M15 8l4 4-4 4M19 12H9.5",
    "copy": "M9 9h11v11H9zM15 9V4H4v11h5",
    "key": "M8 16a4 4 0 1 1 3.5-6H21v3.5h-3v2.5h-3.5v-2.5h-3A4 4 0 0 1 8 16zM8 12h.01",
    "history": "M4 12a8 8 0 1 0 2.6-5.9M4 4v4.5h4.5M12 8v4.5l3 2",
    "gauge": "M4.5 18a8.5 8.5 0 1 1 15 0M12 14l4-5",
    "inbox": "M4 13l2.5-8h11L20 13v6H4zM4 13h4.5l1.5 2.5h4l1.5-2.5H20",
    "edit": "M4 20l1-4.5L16 4.5l3.5 3.5-11 11zM13.5 7l3.5 3.5",
    "question": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9.5 9.5a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M12 16.5h.01",
    "package": "M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8M8 6l8 4",
    "lock": "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
    "chain": (
        "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1.3 1.3M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1.3-1.3"
    ),
    "chart": "M4 4v16h16M8 16v-4M12 16V8M16 16v-6",
    "megaphone": "M4 10v4h3l8 4.5V5.5L7 10zM18.5 9.5a4 4 0 0 1 0 5M7 14v5h3v-3.3",
    "send": "M4 12l16-7-5.5 15-3-6.5zM11.5 13.5L20 5",
    "target": ("M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 16.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM12 12h.01"),
    "user": "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM5 20.5c0-3.6 3-6 7-6s7 2.4 7 6",
}
