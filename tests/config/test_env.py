"""The environment: working defaults, and one message for all mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferry.config import env

HERE = Path("/srv/ferry")


def test_an_empty_environment_works():
    read = env.read({}, HERE)
    assert read.data == HERE / "var"
    assert read.database["ENGINE"].endswith("sqlite3")
    assert read.database["NAME"] == "/srv/ferry/var/ferry.sqlite3"
    assert read.edge_url == "http://127.0.0.1:8001"
    assert not read.production


def test_all_mistakes_are_named_in_one_message():
    wrong = {
        "FERRY_SITE_PORT": "eighty",
        "DATABASE_URL": "mysql://x",
        "TRUSTED_PROXIES": "10.0.0.0/99",
        "CONTENT_ORIGIN": "http://pkg.localhost",
        "FERRY_PRODUCTION": "1",
        "FERRY_DEBUG": "1",
    }
    with pytest.raises(env.BadEnvironment) as refused:
        env.read(wrong, HERE)
    message = str(refused.value)
    for name in wrong:
        assert name in message
    assert "5 setting(s)" in message  # debug and production are one mistake


def test_postgres_address_is_taken_apart():
    database = env.read({"DATABASE_URL": "postgres://fer%40ry:p%2Fw@db:6432/ferry"}, HERE).database
    assert (database["USER"], database["PASSWORD"], database["HOST"], database["PORT"], database["NAME"]) == (
        "fer@ry",
        "p/w",
        "db",
        "6432",
        "ferry",
    )


def test_how_to_connect_to_postgres_is_never_ignored():
    """An address that asks for TLS must not end in a connection in clear."""
    address = "postgres://ferry@db/ferry?sslmode=verify-full&sslrootcert=/etc/db.pem"
    found = env.read({"DATABASE_URL": address}, HERE).database
    assert (found["OPTIONS"]["sslmode"], found["OPTIONS"]["sslrootcert"]) == ("verify-full", "/etc/db.pem")
    with pytest.raises(env.BadEnvironment, match="sslmod"):
        env.read({"DATABASE_URL": "postgres://ferry@db/ferry?sslmod=require"}, HERE)


def test_nothing_waits_for_ever_in_postgres():
    options = env.read({"DATABASE_URL": "postgres://ferry@db/ferry"}, HERE).database["OPTIONS"]["options"]
    assert "lock_timeout=" in options
    assert "idle_in_transaction_session_timeout=" in options


def test_tls_without_a_proxy_is_refused():
    """TLS ends at a proxy; one that is not named is not believed, and nobody could sign in."""
    with pytest.raises(env.BadEnvironment, match="TRUSTED_PROXIES"):
        env.read({"FERRY_SITE_URL": "https://ferry.example.com"}, HERE)
    told = {"FERRY_SITE_URL": "https://ferry.example.com", "TRUSTED_PROXIES": "10.0.0.0/8"}
    assert env.read(told, HERE).site_url == "https://ferry.example.com"


@pytest.mark.parametrize("text", ["http://x/?q=1", "ftp://x", "nothing"])
def test_addresses_are_checked(text):
    with pytest.raises(env.BadEnvironment):
        env.read({"FERRY_SITE_URL": text}, HERE)


def test_a_journal_needs_a_place_to_be_shipped_to():
    with pytest.raises(env.BadEnvironment, match="FERRY_SHIPPED_DIR"):
        env.read({"FERRY_SHIP_JOURNAL": "1"}, HERE)
    assert env.read({"FERRY_SHIP_JOURNAL": "1", "STORAGE_URL": "s3://bucket"}, HERE).ship_journal
    assert env.read({"FERRY_SHIP_JOURNAL": "1", "FERRY_SHIPPED_DIR": "/mnt/x"}, HERE).shipped_dir == Path("/mnt/x")


def test_every_variable_is_documented(root):
    """docs/operations.md lists each name that env.py asks for, and no other."""
    import re

    source = (root / "platform/ferry/config/env.py").read_text()
    asked = set(re.findall(r'take\(\s*"([A-Z_]+)"', source))
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", (root / "docs/operations.md").read_text(), re.M))
    assert asked == documented


def test_nobody_else_reads_the_data(tmp_path, root):
    """Neither a new folder with its database, nor a database that was made under looser rules."""
    import os
    import stat
    import subprocess
    import sys

    data = tmp_path / "data"
    environ = {**os.environ, "FERRY_DATA": str(data), "DATABASE_URL": ""}
    ask = (
        "import django; django.setup(); from django.db import connection as c; c.cursor().execute('CREATE TABLE t (x)')"
    )
    settled = {**environ, "DJANGO_SETTINGS_MODULE": "ferry.config.settings", "PYTHONPATH": f"{root}/platform:{root}"}

    def modes() -> list[int]:
        subprocess.run([sys.executable, "-c", ask.replace("TABLE t", "TABLE IF NOT EXISTS t")], env=settled, check=True)
        return [stat.S_IMODE(path.stat().st_mode) for path in (data, data / "ferry.sqlite3")]

    assert modes() == [0o700, 0o600]
    (data / "ferry.sqlite3").chmod(0o644)
    assert modes() == [0o700, 0o600]
