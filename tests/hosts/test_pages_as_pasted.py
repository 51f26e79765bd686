"""The commands of docs/permissions.md and docs/login.md work as pasted, with a site, an edge and curl."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from pytest_django.live_server_helper import LiveServer

from ferry.kernel.identity import services as identity
from ferry.kernel.identity.actors import system
from tests.hosts.live import LiveEdge
from tests.world import World


def pasted(page: str, *, root: Path, **given: str) -> list[Any]:
    """What each curl of the page answers, in order; `given` are the variables that the page takes for granted."""
    if shutil.which("curl") is None:
        pytest.skip("no curl here")
    blocks = re.findall(r"```sh\n(.*?)```", (root / "docs" / page).read_text(), re.DOTALL)
    script = "\n".join(blocks).replace("/tmp/ferry-", f"{given.pop('folder')}/ferry-")  # noqa: S108
    named = set(re.findall(r"\$([A-Z_]+)", script)) - set(re.findall(r"^([A-Z_]+)=", script, re.MULTILINE))
    assert named == set(given), "the page says which variables it needs, and uses no other"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("\ncurl ", "\necho; curl ")],
        env=os.environ | given | {"no_proxy": "*"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line]


def token(world: World, *roles: str) -> str:
    made = identity.create_token(actor=system(world.workspace), name="page", roles=list(roles), days=1)
    return made.plain


def signed_in_device(world: World, edge: LiveEdge) -> str:
    """A device token that carries a verified user: registered, then bound by a user token of the company's server."""
    key = identity.add_user_token_key(
        actor=system(world.workspace), host_app=world.host_app, name="sign-in", alg="HS256"
    )
    edge.poll()
    headers = {"X-App-Key": world.host_app.app_key}
    body = {"message_id": "message-1", "platform": "android"}
    device = httpx.post(f"{edge.url}/v1/devices", json=body, headers=headers).raise_for_status().json()["token"]
    secret = base64.urlsafe_b64decode(f"{key.secret}==")
    claims = {"sub": "ann", "aud": world.host_app.app_key, "iat": int(time.time()), "exp": int(time.time()) + 300}
    user = jwt.encode(claims, secret, algorithm="HS256", headers={"kid": key.key.kid})
    body = {"message_id": "message-2", "user_token": user}
    headers["Authorization"] = f"Device {device}"
    answer = httpx.post(f"{edge.url}/v1/devices/bind", json=body, headers=headers)
    return str(answer.raise_for_status().json()["token"])


def test_the_commands_of_the_permissions_page(
    world: World, root: Path, tmp_path: Path, live_server: LiveServer
) -> None:
    catalogue, waiting, asked, added = pasted(
        "permissions.md",
        root=root,
        folder=str(tmp_path),
        FERRY=live_server.url,
        TOKEN=token(world, "admin", "developer"),
        APP=world.host_app.pk,
        PROGRAM=world.program.program_id,
    )
    assert {"scan", "camera"} <= {each["name"] for each in catalogue["capabilities"]}
    assert waiting["items"] == []
    assert {(each["value"], each["state"]) for each in asked["requested"]} == {
        ("scan", "requested"),
        ("api.example.com", "requested"),
    }
    assert (added["name"], added["sensitive"]) == ("harbour.ticket", False)


def test_the_commands_of_the_login_page(
    world: World, edge: LiveEdge, root: Path, tmp_path: Path, live_server: LiveServer
) -> None:
    world.release("1.0.0")
    device = signed_in_device(world, edge)
    secret, session, frozen, thawed = pasted(
        "login.md",
        root=root,
        folder=str(tmp_path),
        FERRY=live_server.url,
        EDGE=edge.url,
        TOKEN=token(world, "developer"),
        APP_KEY=world.host_app.app_key,
        DEVICE_TOKEN=device,
        PROGRAM=world.program.program_id,
    )
    assert secret["secret"]
    assert session.keys() == {"openid", "unionid", "host_app", "environment", "expires_in"}  # as the page shows it
    assert (session["host_app"], session["expires_in"]) == (world.host_app.pk, 7200)
    assert [bool(each["secrets"][0]["frozen_at"]) for each in (frozen, thawed)] == [True, False]
