"""The real edge and content processes: they start, answer, are measured, hear of a publish, and end when told."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import httpx
import pytest

from tests.ports import free_ports

pytestmark = pytest.mark.processes


class Installation:
    """A data folder of its own and the processes that run on it."""

    def __init__(self, root: Path, data: Path) -> None:
        self.root = root
        self.ports = dict(zip(("edge", "content", "loader", "metrics"), free_ports(4), strict=True))
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("FERRY_")},
            "FERRY_DATA": str(data),
            "DATABASE_URL": f"sqlite:///{data}/ferry.sqlite3",
            "FERRY_METRICS_PORT": str(self.ports["loader"]),
            "FERRY_LOG_LEVEL": "WARNING",
        }
        self.running: list[subprocess.Popen[bytes]] = []

    def manage(self, *command: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *command], cwd=self.root, env=self.environ, capture_output=True, check=True
        )
        return done.stdout.decode()

    def start(self, *command: str, port: int) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "manage.py", *command], cwd=self.root, env=self.environ)
        self.running.append(process)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            assert process.poll() is None, "the process ended"
            try:
                httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=1)
            except httpx.HTTPError:
                time.sleep(0.05)  # a process of another program: there is nothing to wait on but its port
            else:
                return process
        raise AssertionError("the process does not answer")

    def end(self) -> None:
        for process in self.running:
            if process.poll() is None:
                process.kill()
                process.wait()


@pytest.fixture
def installation(root: Path, tmp_path: Path) -> Iterator[Installation]:
    made = Installation(root, tmp_path)
    made.manage("migrate", "--verbosity", "0")
    yield made
    made.end()


def test_an_edge_lives_from_bootstrap_to_term(installation: Installation) -> None:
    port = installation.ports["edge"]
    edge = installation.start("run_edge", "--id", "1", "--port", str(port), port=port)
    url = f"http://127.0.0.1:{port}"
    assert httpx.get(f"{url}/healthz").json()["snapshot"]["versions"] == {}

    app_key = _app_key(installation)
    until = time.monotonic() + 10
    while not httpx.get(f"{url}/healthz").json()["snapshot"]["versions"] and time.monotonic() < until:
        time.sleep(0.05)
    registered = httpx.post(
        f"{url}/v1/devices", headers={"X-App-Key": app_key}, json={"message_id": "message-1", "platform": "android"}
    )
    assert registered.status_code == 200
    device = registered.json()["device"]["id"]
    headers = {"X-App-Key": app_key, "Authorization": f"Device {registered.json()['token']}"}
    body = {"device": {"id": device, "platform": "android"}}
    assert httpx.post(f"{url}/v1/checkin", headers=headers, json=body).json()["updates"] == []

    with urlopen(f"http://127.0.0.1:{installation.ports['metrics']}/metrics", timeout=5) as answer:
        metrics = answer.read().decode()
    assert 'ferry_edge_requests_total{process="1",route="/v1/checkin",status="200"} 1.0' in metrics
    assert 'ferry_journal_appended_total{process="1"} 1.0' in metrics

    started = time.monotonic()
    edge.send_signal(signal.SIGTERM)
    assert edge.wait(15) in (0, -signal.SIGTERM)
    assert time.monotonic() - started < 10
    records = b"".join(path.read_bytes() for path in Path(installation.environ["FERRY_DATA"]).rglob("*.log"))
    assert device.encode() in records


def test_the_commands_of_the_docs_work_as_pasted(installation: Installation, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl here")
    port = installation.ports["edge"]
    _app_key(installation)  # before the edge starts, so that it knows the app when the page asks at once
    installation.start("run_edge", "--id", "1", "--port", str(port), port=port)
    page = (installation.root / "docs" / "edge-api.md").read_text()
    script = "\n".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL))
    assert script.count("curl ") >= 12
    here = {
        "http://127.0.0.1:8001": f"http://127.0.0.1:{port}",
        "http://127.0.0.1:9101": f"http://127.0.0.1:{installation.ports['metrics']}",
        ".venv/bin/python": sys.executable,
        "/tmp/ferry-device.json": str(tmp_path / "device.json"),  # noqa: S108
    }
    for written, actual in here.items():
        script = script.replace(written, actual)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=installation.root,
        env=installation.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    codes = re.findall(r'"error":\{"code":"([a-z_]+)"', done.stdout)
    # the link, the package, the token and the program that the page makes up
    assert codes == ["no_such_link", "not_found", "user_token_invalid", "mini_program_unavailable"]
    for expected in ('"next_check_after"', '"miniapps":[]', '"stored":true', '"statement"', '"pem"', '"status":"ok"'):
        assert expected in done.stdout
    assert "ferry_edge_requests_total" in done.stdout


def test_the_commands_of_the_adapters_page_work_as_pasted(installation: Installation) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl here")
    port = installation.ports["edge"]
    _app_key(installation)
    installation.start("run_edge", "--id", "1", "--port", str(port), port=port)
    (script,) = re.findall(r"```sh\n(.*?)```", (installation.root / "docs" / "adapters.md").read_text(), re.DOTALL)
    script = script.replace("http://127.0.0.1:8001", f"http://127.0.0.1:{port}")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace(".venv/bin/python", sys.executable)],
        cwd=installation.root,
        env=installation.environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert '"is_available":false' in done.stdout, "nothing is released here"
    assert '"code":"not_offered"' in done.stdout


def test_content_answers_on_a_port_of_its_own(installation: Installation) -> None:
    port = installation.ports["content"]
    content = installation.start("run_content", "--port", str(port), port=port)
    answer = httpx.get(f"http://127.0.0.1:{port}/", headers={"Host": f"{'a' * 20}.pkg.localhost:{port}"})
    assert answer.status_code == 404
    assert answer.headers["content-security-policy"].startswith("sandbox")
    content.send_signal(signal.SIGTERM)
    assert content.wait(15) in (0, -signal.SIGTERM)


def _app_key(installation: Installation) -> str:
    said: Any = json.loads(installation.manage("bootstrap", "--workspace", "acme", "--app", "shop", "--json"))
    return str(_find(said, "app_key"))


def _find(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        if name in value:
            return value[name]
        return next((found for each in value.values() if (found := _find(each, name))), None)
    return None
