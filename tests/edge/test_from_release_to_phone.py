"""From an operator's release to a phone: real rows, the real publisher, the edge's own way of reading them."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ferry.edge.content.app import ContentApp
from ferry.edge.settings import EdgeSettings
from ferry.kernel.signing.canonical import canonical_json
from miniapps import selectors, services
from tests.edge.phone import Phone
from tests.edge.published import Caller
from tests.world import World


@pytest.fixture
def world(transactional_db: None) -> World:
    """Committed for real: an edge reads by connections of its own."""
    return World.make()


@pytest.fixture
def phone(world: World, edge_settings: EdgeSettings) -> Phone:
    return Phone(world, edge_settings)


def test_a_release_reaches_the_phone_verified(world: World, phone: Phone) -> None:
    world.release("1.0.0")
    program = world.program.program_id
    (update,) = phone.check_in(want=[program])["updates"]
    package = update["package"]
    downloaded = phone.edge("GET", package["url"].removeprefix("https://edge.test")).content
    assert hashlib.sha256(downloaded).hexdigest() == package["sha256"]
    assert len(downloaded) == package["size"]
    key = phone.edge("GET", f"/keys/{update['signature']['kid']}").json()
    public = serialization.load_pem_public_key(key["pem"].encode())
    assert isinstance(public, ec.EllipticCurvePublicKey)
    statement = {
        "host_app": phone.key,
        "program": program,
        "version_code": update["code"],
        "sha256": package["sha256"],
        "size": package["size"],
        "files_root": package["files_root"],
    }
    signature = base64.b64decode(update["signature"]["value"])
    public.verify(signature, canonical_json(statement), ec.ECDSA(hashes.SHA256()))
    _, observed = phone.notes.offered[-1]
    assert observed["arms"][0][0] == program


def test_a_roll_back_takes_the_phone_back(world: World, phone: Phone) -> None:
    program = world.program.program_id
    world.release("1.0.0")
    bad = world.release("2.0.0", share=100)
    (update,) = phone.check_in(want=[program])["updates"]
    assert update["name"] == "2.0.0"
    world.roll_back(bad)
    (update,) = phone.check_in(installed=[{"id": program, "code": update["code"]}])["updates"]
    assert update["name"] == "1.0.0"


def test_a_withdrawn_program_says_why(world: World, phone: Phone) -> None:
    world.release("1.0.0")
    world.withdraw("Closed for repairs.")
    program = world.program.program_id
    said = phone.check_in(installed=[{"id": program, "code": 1}])
    assert said["withdrawn"] == [{"id": program, "message": "Closed for repairs."}]
    assert said["updates"] == []


def test_an_unchanged_world_is_unchanged(world: World, phone: Phone) -> None:
    world.release("1.0.0")
    state = phone.check_in()["state"]
    assert phone.check_in(state=state)["unchanged"]


def test_a_preview_shows_the_files_of_a_version(world: World) -> None:
    version = world.upload("1.0.0", {"index.html": b"<p>hello</p>", "a/b.js": b"go()"})
    host = services.create_preview(actor=world.developer, version=version)
    call = Caller(
        ContentApp("http://{version}.pkg.localhost:8002", selectors.preview),
        host=f"{host.label}.pkg.localhost:8002",
    )
    assert call("GET", "/").content == b"<p>hello</p>"
    assert call("GET", "/a/b.js").content == b"go()"
