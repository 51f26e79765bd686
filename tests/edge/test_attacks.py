"""Each attack that docs/decisions/0625 names, tried by a lying mirror in front of the real edge.

The host follows the rules of docs/host-app.md; what it must never do is run what the platform does not offer now, and
what it must always do is open what it has verified.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ferry.edge.settings import EdgeSettings
from ferry.kernel import clock
from ferry.kernel.identity.actors import system
from ferry.kernel.signing import ecdsa, freshness, keysets, services
from ferry.kernel.storage import blobs
from tests.edge.mirror import Mirror, Stolen, deliver, host
from tests.edge.phone import Phone
from tests.edge.verifier import CLOCK_MS, Host, Refused, Unreachable
from tests.world import World

CHECK_IN = "/v1/checkin"


class Scene:
    """A phone that runs version 1.0.0, installed honestly, and a mirror that may begin to lie."""

    def __init__(self, settings: EdgeSettings) -> None:
        self.world = World.make()
        self.program = self.world.program.program_id
        self.world.release("1.0.0")
        self.mirror = Mirror(Phone(self.world, settings))
        self.host: Host = host(self.world, self.mirror)
        self.host.turn(self.program)
        self.freshness, self.keys = f"/v1/freshness/{self.host.app_key}", f"/v1/keys/{self.host.app_key}"
        self.offered = f"/v1/offered/{self.host.app_key}"
        self.first = self.host.open(self.program)

    def refuses(self, *want: str) -> str:
        """Takes a turn that must be refused; what was installed still opens. Gives the rule that was broken."""
        with pytest.raises(Refused) as refused:
            self.host.turn(*want)
        assert self.host.open(self.program) == self.first
        return str(refused.value)

    def recovers(self, name: str = "2.0.0") -> None:
        """Without the mirror's lies the newest version arrives."""
        self.mirror.honest()
        self.host.turn()
        assert self.host.installed[self.program].code == self.world.version(name).code


@pytest.fixture
def scene(transactional_db: None, edge_settings: EdgeSettings) -> Scene:
    return Scene(edge_settings)


def later(**time: float) -> Any:
    return clock.frozen(clock.now() + timedelta(**time))


def test_arbitrary_package(scene: Scene) -> None:
    scene.world.release("2.0.0")
    scene.mirror.lies["/packages/"] = lambda honest: honest[:-1] + b"x"
    assert scene.refuses() == "hash"
    scene.recovers()


def test_a_key_of_the_mirrors_own(scene: Scene) -> None:
    """It signs package, freshness and the list of keys itself."""
    public, private = ecdsa.new_pair()
    mine = Stolen("kmirror", private)

    def keys(document: Any) -> Any:
        own = [{"alg": "ES256", "kid": mine.kid, "pem": public, "purpose": each} for each in ("package", "freshness")]
        statement = document["statement"] | {"version": document["statement"]["version"] + 1, "keys": own}
        return {"statement": statement, "signatures": [mine.sign(statement)]}

    def fresh(document: Any) -> Any:
        statement = document["statement"] | {"keys": document["statement"]["keys"] + 1}
        return {"statement": statement, "signature": mine.sign(statement)}

    scene.mirror.change(scene.keys, keys)
    scene.mirror.change(scene.freshness, fresh)
    assert scene.refuses() == "keys_signature"
    del scene.mirror.lies[scene.keys]
    assert scene.refuses() == "keys_older"  # names a list that does not exist
    scene.mirror.change(scene.freshness, lambda said: {**said, "signature": mine.sign(said["statement"])})
    assert scene.refuses() == "key"


def test_a_key_that_is_for_something_else(scene: Scene) -> None:
    """Who has stolen the key that signs every minute can still not vouch for code."""
    stolen = Stolen.key(scene.world, "freshness")

    def own_code(answer: Any) -> Any:
        package = {"url": "https://edge.test/packages/x", "size": 4, "sha256": "0" * 64, "files_root": "0" * 64}
        statement = {"host_app": scene.host.app_key, "program": scene.program, "version_code": 2}
        signature = stolen.sign(statement | {name: package[name] for name in ("sha256", "size", "files_root")})
        (update,) = answer["updates"]
        return {**answer, "updates": [update | {"package": package, "signature": signature}]}

    scene.world.release("2.0.0")
    scene.mirror.change(CHECK_IN, own_code)
    assert scene.refuses() == "key"
    scene.recovers()


def test_freeze(scene: Scene) -> None:
    """An old state is played again for ever: believed for fifteen minutes, and five for the phone's clock."""
    scene.host.turn()
    scene.mirror.replay(CHECK_IN, scene.freshness, scene.keys, scene.offered)
    scene.world.release("2.0.0")
    scene.host.turn()  # nobody can know yet
    with later(milliseconds=freshness.VALID_MS + CLOCK_MS + 1):
        assert scene.refuses() == "expired"
        freshness.refresh()
        scene.recovers()


def test_rollback(scene: Scene) -> None:
    """A state that the phone has left behind is played again, signatures and all, while it has not expired."""
    scene.mirror.get(scene.keys)
    old = dict(scene.mirror.passed)
    scene.world.release("2.0.0")
    scene.host.turn()
    scene.first = scene.host.open(scene.program)
    scene.mirror.passed = old
    scene.mirror.replay(CHECK_IN, scene.freshness, scene.keys, scene.offered)
    assert scene.refuses() == "older"


def test_rollback_of_one_program(scene: Scene) -> None:
    """Everything is new but the check-in, which offers the version that was taken back: approved, signed, and bad."""
    bad = scene.world.release("2.0.0", share=100)
    other = host(scene.world, scene.mirror)
    other.turn(scene.program)
    answer = scene.mirror.passed[CHECK_IN]
    assert b"2.0.0" in answer
    scene.world.roll_back(bad)
    scene.mirror.passed[CHECK_IN] = answer
    scene.mirror.replay(CHECK_IN)
    assert scene.refuses() == "not_offered"
    scene.recovers("1.0.0")


def test_mix_and_match(scene: Scene) -> None:
    """Parts of two answers that were never one: another program's package, another code, another app's approval."""
    scene.world.release("2.0.0")
    for changed in ({"code": 1}, {"id": scene.program + "x"}):
        scene.mirror.change(
            CHECK_IN, lambda answer, changed=changed: {**answer, "updates": [{**answer["updates"][0], **changed}]}
        )
        assert scene.refuses() in ("signature", "not_offered", "withheld")
    test_app = scene.world.host("Test app", environment="test")
    approved = scene.world.approve(scene.world.upload("3.0.0"), test_app)
    from miniapps import selectors

    (review,) = selectors.reviews(scene.world.workspace, version=approved, host_app=test_app)

    def in_production(answer: Any) -> Any:
        package = {"url": "", "size": approved.size, "sha256": approved.sha256, "files_root": approved.files_root}
        (update,) = answer["updates"]
        return {**answer, "updates": [update | {"package": package, "signature": review.signature}]}

    scene.mirror.change(CHECK_IN, in_production)
    assert scene.refuses() == "signature"
    scene.recovers()


def test_another_host_apps_freshness(scene: Scene) -> None:
    """Signed by the same key, about the test app, whose version may be anything."""
    test_app = scene.world.host("Test app", environment="test")
    path = f"/v1/freshness/{test_app.app_key}"
    other = scene.mirror.get(path)
    scene.mirror.lies[scene.freshness] = lambda honest: other
    assert scene.refuses() == "app"


def test_one_program_is_withheld(scene: Scene) -> None:
    """ "Unchanged", says the mirror, and everything else it passes on."""
    scene.host.turn()
    scene.world.release("2.0.0")
    scene.mirror.change(CHECK_IN, lambda answer: {"unchanged": True, "state": "s", "next_check_after": 1800})
    assert scene.refuses() == "withheld"
    scene.mirror.change(CHECK_IN, lambda answer: {**answer, "updates": []})
    assert scene.refuses() == "withheld"
    scene.recovers()


def test_a_withdrawal_is_withheld(scene: Scene) -> None:
    scene.world.withdraw("Closed for repairs.")
    scene.mirror.change(CHECK_IN, lambda answer: {"unchanged": True, "state": "s", "next_check_after": 1800})
    scene.host.turn()
    with pytest.raises(Refused, match="closed"):
        scene.host.open(scene.program)


def test_the_list_of_what_is_offered_is_an_old_one(scene: Scene) -> None:
    scene.mirror.replay(scene.offered)
    scene.world.release("2.0.0")
    assert scene.refuses() == "offered"
    scene.recovers()


def test_a_revoked_key_is_brought_back(scene: Scene) -> None:
    """The package key was stolen and revoked. The mirror has it, and the list of keys of the day before."""
    stolen = Stolen.key(scene.world, "package")
    scene.mirror.replay(scene.keys)
    services.revoke_key(actor=system(scene.world.workspace), kid=stolen.kid)
    assert scene.refuses() == "keys_older"
    scene.mirror.honest()
    scene.host.turn()
    signature = scene.host.installed[scene.program].signature  # the same bytes, vouched for again
    assert signature["kid"] != stolen.kid
    assert len(scene.host.downloads) == 1
    assert scene.host.open(scene.program) == scene.first


def test_the_freshness_key_is_stolen_and_the_list_of_keys_withheld(scene: Scene) -> None:
    """It can go on saying that nothing is new, but not longer than the list of keys is good for."""
    stolen = Stolen.key(scene.world, "freshness")
    old_keys = scene.mirror.passed[scene.keys]

    def still(document: Any) -> Any:
        now = clock.now_ms()
        statement = document["statement"] | {"issued_at": now, "expires_at": now + 60_000, "version": 10}
        return {"statement": statement, "signature": stolen.sign(statement)}

    scene.mirror.replay(scene.freshness)
    frozen = scene.mirror.lies[scene.freshness]
    import json

    scene.mirror.lies[scene.freshness] = lambda honest: json.dumps(still(json.loads(frozen(honest)))).encode()
    scene.mirror.lies[scene.keys] = lambda honest: old_keys
    services.revoke_key(actor=system(scene.world.workspace), kid=stolen.kid)
    scene.mirror.passed[scene.offered] = scene.mirror.get(scene.offered)
    scene.host.turn()  # believed: this is what a stolen key can do
    with later(milliseconds=keysets.VALID_MS + CLOCK_MS + 1):
        assert scene.refuses() == "keys_expired"
        freshness.refresh()
        scene.world.release("2.0.0")
        scene.recovers()


def test_fast_forward(scene: Scene) -> None:
    """A stolen freshness key counts to the end of all numbers; once it is revoked, the phone counts anew."""
    stolen = Stolen.key(scene.world, "freshness")

    def far(document: Any) -> Any:
        statement = document["statement"] | {"version": 2**53 - 1}
        return {"statement": statement, "signature": stolen.sign(statement)}

    scene.mirror.change(scene.freshness, far)
    scene.host.turn()
    scene.mirror.honest()
    scene.world.release("2.0.0")
    assert scene.refuses() == "older"  # the attack works for as long as the key counts
    services.revoke_key(actor=system(scene.world.workspace), kid=stolen.kid)
    scene.recovers()


def test_endless_data(scene: Scene) -> None:
    scene.world.release("2.0.0")
    scene.mirror.lies["/packages/"] = lambda honest: honest + b"\0" * 10_000_000
    assert scene.refuses() == "too_long"
    scene.mirror.honest()
    scene.mirror.lies[scene.freshness] = lambda honest: b" " * 5_000_000 + honest
    assert scene.refuses() == "too_long"
    scene.recovers()


def test_a_delta_that_leads_elsewhere(scene: Scene) -> None:
    """A false delta, or one that unpacks without end, costs a download of the whole package and nothing else."""
    import zstandard

    from tests.miniapps.delivery.workshop import FIRST, SECOND

    scene.world.upload("2.0.0", FIRST)
    scene.world.release("2.0.0")
    scene.host.turn()
    scene.first = scene.host.open(scene.program)
    for number, lie in enumerate(
        (lambda honest: honest[:-1] + b"x", lambda honest: zstandard.compress(bytes(50_000_000)))
    ):
        name = f"{number + 3}.0.0"
        scene.world.upload(name, {**SECOND, "index.html": name.encode()})
        scene.world.version(name)
        deliver()
        scene.world.release(name)
        scene.mirror.lies["/deltas/"] = lie
        scene.host.downloads.clear()
        scene.host.turn()
        assert [path.split("/")[1] for path in scene.host.downloads] == ["deltas", "packages"]
        assert scene.host.installed[scene.program].code == scene.world.version(name).code


def test_an_honest_delta_is_all_that_is_downloaded(scene: Scene) -> None:
    from tests.miniapps.delivery.workshop import FIRST, SECOND

    scene.world.upload("2.0.0", FIRST)
    scene.world.release("2.0.0")
    scene.host.turn()
    second = scene.world.upload("3.0.0", SECOND)
    scene.world.version("3.0.0")
    deliver()
    scene.world.release("3.0.0")
    scene.host.downloads.clear()
    scene.host.turn()
    assert [path.split("/")[1] for path in scene.host.downloads] == ["deltas"]
    with blobs().open(second.sha256) as file:
        assert scene.host.open(scene.program) == file.read()


def test_nobody_answers(scene: Scene) -> None:
    """No attack closes what is open: after a month without a word the newest verified version still opens."""
    scene.mirror.gone = True
    with later(days=40):
        with pytest.raises(Unreachable):
            scene.host.turn()
        assert scene.host.open(scene.program) == scene.first


def test_the_database_is_away(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The edge answers from its last state, and phones go on until that state is older than they believe."""
    client = scene.mirror.phone.client

    def away() -> Any:
        raise ConnectionError("the database is away")

    monkeypatch.setattr(client.source, "versions", away)
    assert not client.poll()
    scene.host.turn()
    with later(hours=2):
        assert scene.refuses() == "expired"


def test_after_a_restored_backup_phones_go_on(scene: Scene) -> None:
    """Versions have stepped back, so phones take the platform for a mirror, until a new freshness key counts anew."""
    from ferry.kernel.publishing.models import SnapshotVersion

    for name in ("2.0.0", "3.0.0"):
        scene.world.release(name)
        scene.host.turn()
    scene.first = scene.host.open(scene.program)
    SnapshotVersion.objects.filter(pk=scene.world.host_app.pk).update(version=1)
    freshness.refresh()
    with later(minutes=1):
        freshness.refresh()
    assert scene.refuses() == "older"
    kid = Stolen.key(scene.world, "freshness").kid
    services.revoke_key(actor=system(scene.world.workspace), kid=kid)
    scene.recovers("3.0.0")
