"""The content security policy, and that templates give it nothing to forbid."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from django.test import Client

from console.middleware import HEADER, policy
from tests.console.desk import Desk


def test_nothing_is_allowed_but_our_own_files():
    value = policy(content_origin="https://{version}.pkg.example.net")
    sources = dict(part.split(" ", 1) for part in value.split("; "))
    assert sources["default-src"] == "'none'"
    assert sources["script-src"] == sources["style-src"] == sources["connect-src"] == "'self'"
    assert sources["frame-src"] == "https://*.pkg.example.net"
    assert "unsafe" not in value
    assert sources["frame-ancestors"] == sources["base-uri"] == "'none'"


def test_every_answer_carries_it(desk: Desk, db: None):
    for client, address in ((Client(), "/sign-in"), (Client(), "/nowhere"), (desk.admin, desk.url("overview"))):
        answer = client.get(address)
        assert "default-src 'none'" in answer[HEADER]
        assert answer["Cache-Control"] == "private, no-store" or "no-store" in answer["Cache-Control"]


def test_templates_hold_no_inline_script_or_style(root: Path):
    inline = re.compile(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:|hx-on|hx-vals=.js")
    templates = list((root / "console" / "templates").rglob("*.html"))
    assert len(templates) > 20
    found = [(path.name, match.group()) for path in templates for match in inline.finditer(path.read_text())]
    assert found == []


def test_vendored_files_are_what_the_table_says(root: Path):
    folder = root / "console" / "static" / "console" / "vendor"
    table = dict(re.findall(r"\| `([^`]+)` \|.*`([0-9a-f]{64})` \|", (folder / "VENDOR.md").read_text()))
    scripts = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.js")}
    assert scripts == table
