"""Apple's push service as Node plays it, and accounts with it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Answers = Mapping[str, Mapping[str, Any]]
MOCK = Path(__file__).with_name("apns_mock.js")


def new_key() -> tuple[ec.EllipticCurvePrivateKey, str]:
    """A key as in a .p8 file."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key, pem.decode()


def certificate() -> tuple[str, str]:
    """A key and a certificate for 127.0.0.1 that signs itself."""
    key, pem = new_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "not Apple")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    return pem, built.public_bytes(serialization.Encoding.PEM).decode()


@dataclass
class Apple:
    """A running stand-in."""

    url: str
    log: Path
    process: subprocess.Popen[str]

    def seen(self) -> list[dict[str, Any]]:
        """What it was sent, in order of arrival."""
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []


@contextmanager
def apple(
    folder: Path, answers: Mapping[str, Mapping[str, Any]] | None = None, *, tls: bool = False
) -> Iterator[Apple]:
    """A stand-in with these answers (token prefix → answer); without one, 200. Skips where there is no Node."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed: it plays Apple's HTTP/2 server")
    log, plan = folder / "seen.ndjson", folder / "plan.json"
    told: dict[str, Any] = {"answers": answers or {}, "seen": str(log)}
    if tls:
        key, cert = certificate()
        (folder / "ca.pem").write_text(cert)
        told["tls"] = {"key": key, "cert": cert}
    plan.write_text(json.dumps(told))
    process = subprocess.Popen([node, str(MOCK), str(plan)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield Apple(f"{'https' if tls else 'http'}://127.0.0.1:{port}", log, process)
    finally:
        process.kill()
        process.communicate()
