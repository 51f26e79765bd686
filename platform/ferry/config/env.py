"""Reads the environment once and checks it: every value has a working default, and every mistake is named at once.

Settings that a stranger may change are the fields of `Env`; docs/operations.md lists them and a test keeps the list
complete. `ferry.config.settings` turns them into Django's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

T = TypeVar("T")
Network = IPv4Network | IPv6Network


class BadEnvironment(SystemExit):
    """Stops the start with one message that lists every wrong value."""

    def __init__(self, problems: list[str]) -> None:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"Ferry cannot start: {len(problems)} setting(s) in the environment are wrong.\n{lines}")


@dataclass(frozen=True, slots=True)
class Env:
    """What the environment says, checked. Ports are TCP ports, sizes are bytes, urls have no trailing slash."""

    data: Path
    production: bool
    debug: bool
    site_port: int
    edge_port: int
    content_port: int
    metrics_port: int
    edges: int
    site_url: str
    edge_url: str
    content_origin: str
    allowed_hosts: tuple[str, ...]
    bind: str
    trusted_proxies: tuple[Network, ...]
    database: dict[str, Any]
    redis_url: str
    storage_url: str
    ship_journal: bool
    shipped_dir: Path | None
    x_accel_prefix: str
    secret: str
    max_upload_bytes: int
    streams: int
    apns_url: str
    apns_ca: str
    log_level: str


def read(environ: Mapping[str, str], root: Path) -> Env:
    """The environment as `Env`. Raises BadEnvironment, which names every wrong value, not only the first."""
    problems: list[str] = []

    def take(name: str, default: str, parse: Callable[[str], T]) -> T:
        given = environ.get(name, "").strip()
        try:
            return parse(given or default)
        except ValueError as wrong:
            problems.append(f"{name}={given!r}: {wrong}")
            return parse(default)

    data = take("FERRY_DATA", str(root / "var"), lambda text: Path(text).expanduser().absolute())
    production = take("FERRY_PRODUCTION", "0", _flag)
    site_port = take("FERRY_SITE_PORT", "8000", _port)
    edge_port = take("FERRY_EDGE_PORT", "8001", _port)
    content_port = take("FERRY_CONTENT_PORT", "8002", _port)
    site_url = take("FERRY_SITE_URL", f"http://127.0.0.1:{site_port}", _url)
    env = Env(
        data=data,
        production=production,
        debug=take("FERRY_DEBUG", "0", _flag),
        site_port=site_port,
        edge_port=edge_port,
        content_port=content_port,
        metrics_port=take("FERRY_METRICS_PORT", "9100", _port),
        edges=take("FERRY_EDGES", "1", _whole(1, 64)),
        site_url=site_url,
        edge_url=take("FERRY_EDGE_URL", f"http://127.0.0.1:{edge_port}", _url),
        content_origin=take("CONTENT_ORIGIN", f"http://{{version}}.pkg.localhost:{content_port}", _content_origin),
        allowed_hosts=take("FERRY_ALLOWED_HOSTS", f"127.0.0.1,localhost,{urlsplit(site_url).hostname}", _words),
        bind=take("FERRY_BIND", "127.0.0.1", str),
        trusted_proxies=take("TRUSTED_PROXIES", "", _networks),
        database=take("DATABASE_URL", f"sqlite:///{data}/ferry.sqlite3", _database),
        redis_url=take("REDIS_URL", "", _scheme("redis", "rediss", "unix")),
        storage_url=take("STORAGE_URL", "", _scheme("s3")),
        ship_journal=take("FERRY_SHIP_JOURNAL", "0", _flag),
        shipped_dir=take("FERRY_SHIPPED_DIR", "", lambda text: Path(text).expanduser().absolute() if text else None),
        x_accel_prefix=take("FERRY_X_ACCEL_PREFIX", "", str),
        secret=take("FERRY_SECRET", "", str),
        max_upload_bytes=take("FERRY_MAX_UPLOAD_BYTES", str(100 * 1024 * 1024), _whole(1024, 4 * 1024**3)),
        streams=take("FERRY_STREAMS", "10000", _whole(1, 1_000_000)),
        apns_url=take("FERRY_APNS_URL", "", _optional(_url)),
        apns_ca=take("FERRY_APNS_CA", "", _optional(_file)),
        log_level=take("FERRY_LOG_LEVEL", "INFO", _level),
    )
    if env.ship_journal and not env.storage_url and env.shipped_dir is None:
        problems.append("FERRY_SHIP_JOURNAL=1 without a place to ship to: set STORAGE_URL or FERRY_SHIPPED_DIR")
    if env.production and env.debug:
        problems.append("FERRY_DEBUG=1 together with FERRY_PRODUCTION=1: debug pages would show secrets")
    if env.site_url.startswith("https://") and not env.trusted_proxies:
        problems.append(
            "TRUSTED_PROXIES is empty and FERRY_SITE_URL is https: name the network of the proxy that ends TLS, "
            "such as 127.0.0.1/32; without it every visitor has the proxy's address and none has come over TLS"
        )
    if env.production and "*" in env.allowed_hosts:
        problems.append("FERRY_ALLOWED_HOSTS=* together with FERRY_PRODUCTION=1: name the hosts")
    if problems:
        raise BadEnvironment(problems)
    return env


def keep_private(database: Path) -> None:
    """Mode 0600 for a SQLite file, also one that is older than this rule; its -wal and -shm files follow it."""
    for name in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError, PermissionError):  # not ours to change: then it is not ours to open either
            Path(f"{database}{name}").chmod(0o600)


def _flag(text: str) -> bool:
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if text.lower() not in known:
        raise ValueError("use 1 or 0")
    return known[text.lower()]


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"use a whole number from {low} to {high}")
        return int(text)

    return parse


_port = _whole(1, 65535)


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("use an http or https address such as https://ferry.example.com")
    return text.rstrip("/")


def _optional(parse: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: parse(text) if text else ""


def _file(text: str) -> str:
    if not Path(text).is_file():
        raise ValueError("there is no such file")
    return str(Path(text).absolute())


def _content_origin(text: str) -> str:
    if text.count("{version}") != 1 or not text.split("://", 1)[-1].startswith("{version}."):
        raise ValueError("use an origin whose first host label is {version}, such as https://{version}.pkg.example.net")
    return _url(text)


def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ip_network(word) for word in _words(text))


def _scheme(*known: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text and urlsplit(text).scheme not in known:
            raise ValueError(f"use an address that starts with {' or '.join(f'{name}://' for name in known)}")
        return text

    return parse


def _level(text: str) -> str:
    if text.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError("use DEBUG, INFO, WARNING or ERROR")
    return text.upper()


# Milliseconds, for every connection of ours; SQLite's "timeout" below is the same thing. Publishing holds its lock for
# tens of milliseconds, an upload's transaction for seconds: whoever waits longer than 20 s hears 503 and may repeat. A
# transaction that asks nothing for two minutes belongs to a process that hangs, and would hold its locks for ever; the
# longest honest pause is between two statements of a large list's upload.
_POSTGRES_WAITS = "-c lock_timeout=20000 -c idle_in_transaction_session_timeout=120000"

# Of libpq's parameters those that say how to connect; one that was ignored could mean a connection in clear.
_POSTGRES_OPTIONS = frozenset(
    {"sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout", "application_name", "target_session_attrs"}
)


def _database(text: str) -> dict[str, Any]:
    parts = urlsplit(text)
    if parts.scheme == "sqlite":
        name = unquote(parts.path[1:] if parts.path.startswith("//") else parts.path)
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": name,
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
            },
            # On disk in tests too: an in-memory database is shared by threads without any of the locks that we rely on.
            "TEST": {"NAME": f"{name}.test"},
        }
    if parts.scheme in {"postgres", "postgresql"}:
        if not parts.path.strip("/"):
            raise ValueError("name the database: postgres://user@host:5432/name")
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        if unknown := sorted(options.keys() - _POSTGRES_OPTIONS):
            raise ValueError(f"after “?” come {', '.join(sorted(_POSTGRES_OPTIONS))}; not {', '.join(unknown)}")
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.strip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": str(parts.port or 5432),
            "OPTIONS": {**options, "options": _POSTGRES_WAITS},
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
        }
    raise ValueError("use sqlite:////absolute/path.sqlite3 or postgres://user@host:5432/name")
