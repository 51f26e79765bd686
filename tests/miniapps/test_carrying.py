"""A version over the air gap: the same bytes, its evidence, and nothing that was changed on the way."""

from __future__ import annotations

import io
import json
import random

import pytest

from ferry.kernel.errors import FerryError, Invalid, NotAllowed
from ferry.kernel.identity.actors import system
from ferry.kernel.signing.services import rotate_key
from miniapps import selectors, services
from miniapps.carrying import exports
from miniapps.carrying.files import Damaged
from miniapps.errors import (
    AlreadyImported,
    AlreadyTrusted,
    ExporterNotTrusted,
    ExportRefused,
    FingerprintDiffers,
    OwnWork,
    VersionExists,
    WrongWorkspace,
)
from miniapps.models import ImportedVersion, MiniProgram, Version
from miniapps.packages.canonical import write_package
from miniapps.packages.guard import Limits, open_archive
from miniapps.selectors import permissions
from tests.miniapps.carried import exported, take_in, trust
from tests.world import PAGE, World

pytestmark = pytest.mark.django_db


@pytest.fixture
def there(db) -> World:
    """Where the version is made and approved."""
    return World.make("Yard")


@pytest.fixture
def here(db) -> World:
    """Where no network leads."""
    return World.make("Island")


@pytest.fixture
def sent(there: World) -> io.BytesIO:
    return exported(there, there.version("1.0.0"))


def test_it_arrives_byte_for_byte_with_its_evidence(there, here, sent):
    trust(here, there)
    made = take_in(here, sent)
    original, copy = there.version("1.0.0"), made.row.version
    same = ("code", "name", "kind", "sha256", "size", "files_root", "files", "entry", "host_range", "declared")
    assert [getattr(copy, name) for name in same] == [getattr(original, name) for name in same]
    assert copy.program.program_id == there.program.program_id
    assert copy.workspace_id == here.workspace.pk
    assert made.approvals == ()
    evidence = selectors.origin(copy)
    assert evidence.authors == ["developer"]
    assert '"decided_by":{"id":"reviewer"' in evidence.document
    assert not selectors.reviews(here.workspace, version=copy).exists()


def test_a_key_that_nobody_compared_is_not_taken(there, here, sent):
    with pytest.raises(ExporterNotTrusted) as refused:
        take_in(here, sent)
    assert refused.value.details["fingerprint"] == services.export_key(actor=there.operator).fingerprint
    assert not MiniProgram.objects.of(here.workspace).filter(program_id=there.program.program_id).exists()


def test_looking_into_it_needs_no_trust_and_stores_nothing(there, here, sent):
    before = here.fingerprint()
    reading = services.inspect_export(actor=here.reviewer, file=sent)
    assert reading.fingerprint == services.export_key(actor=there.operator).fingerprint
    assert (reading.export.version.name, reading.exporter) == ("1.0.0", None)
    assert here.fingerprint() == before


def test_trust_wants_the_fingerprint_that_the_exporter_says(there, here):
    key = services.export_key(actor=there.operator)
    ask = {
        "actor": system(here.workspace),
        "name": "Yard",
        "workspace_of_origin": there.workspace.pk,
        "public_pem": key.public_pem,
    }
    with pytest.raises(FingerprintDiffers):
        services.trust_exporter(**ask, given_fingerprint="0" * 64)
    spoken = ":".join(key.fingerprint[at : at + 2].upper() for at in range(0, 64, 2))
    services.trust_exporter(**ask, given_fingerprint=spoken)
    with pytest.raises(AlreadyTrusted):
        services.trust_exporter(**ask, given_fingerprint=spoken)
    with pytest.raises(NotAllowed):
        services.trust_exporter(**{**ask, "actor": here.developer}, given_fingerprint=spoken)


UNKNOWN_CURVE = """-----BEGIN PUBLIC KEY-----
MFQwDgYHKoZIzj0CAQYDKgMEA0IABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
-----END PUBLIC KEY-----
"""


@pytest.mark.parametrize(
    "pem", [UNKNOWN_CURVE, "no key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"]
)
def test_what_is_no_key_is_refused_in_words(there, here, sent, pem):
    with pytest.raises(Invalid, match="P-256"):
        services.trust_exporter(
            actor=system(here.workspace),
            name="Yard",
            workspace_of_origin=there.workspace.pk,
            public_pem=pem,
            given_fingerprint="00",
        )
    value = services.inspect_export(actor=here.reviewer, file=sent).opened.value
    export = exports.read({**value, "keys": dict.fromkeys(value["keys"], pem)})
    with pytest.raises(Damaged, match="approval"):
        exports.check_approvals(export)


def test_a_revoked_exporter_and_a_new_key_are_not_trusted(there, here, sent):
    exporter = trust(here, there)
    rotate_key(actor=system(there.workspace), purpose="package")
    with pytest.raises(ExporterNotTrusted):
        take_in(here, exported(there, there.version("1.0.0")))
    services.revoke_exporter(actor=system(here.workspace), exporter=exporter)
    with pytest.raises(ExporterNotTrusted):
        take_in(here, sent)


def test_trust_that_ends_while_a_file_is_read_counts_no_more(there, here, sent):
    exporter = trust(here, there, {there.host_app.app_key: here.host_app.pk})
    admin = system(here.workspace)
    reading, upload = services.read_import(actor=here.developer, file=sent)
    services.change_exporter(actor=admin, exporter=exporter, approvals={})
    first = services.read_import(actor=here.developer, file=exported(there, there.version("1.0.1")))
    assert services.add_import(actor=here.developer, reading=reading, upload=upload).approvals == ()
    services.revoke_exporter(actor=admin, exporter=exporter)
    with pytest.raises(ExporterNotTrusted):
        services.add_import(actor=here.developer, reading=first[0], upload=first[1])
    assert Version.objects.of(here.workspace).count() == 1


def test_two_changes_of_one_exporter_both_hold(there, here):
    exporter = trust(here, there, {there.host_app.app_key: here.host_app.pk})
    pages = [selectors.exporter(here.workspace, exporter.pk) for _ in range(2)]
    admin = system(here.workspace)
    services.change_exporter(actor=admin, exporter=pages[0], approvals={})
    services.change_exporter(actor=admin, exporter=pages[1], name="Shipyard")
    exporter.refresh_from_db()
    assert (exporter.name, exporter.approvals) == ("Shipyard", {})


def test_what_a_counted_approval_is_about_waits_for_who_grants_it(there, here):
    manifest = json.dumps({"capabilities": ["scan"], "domains": {"request": ["api.example.com"]}}).encode()
    version = there.approve(there.upload("1.0.0", {"index.html": PAGE, "ferry.json": manifest}))
    trust(here, there, {there.host_app.app_key: here.host_app.pk})
    made = take_in(here, exported(there, version)).row.version
    asked = list(permissions.grants(here.workspace, host_app=here.host_app, program=made.program))
    assert {(grant.value, grant.state) for grant in asked} == {("scan", "requested"), ("api.example.com", "requested")}
    with pytest.raises(OwnWork):
        services.grant_permission(actor=here.person("developer", "reviewer", who="developer"), grant=asked[0])
    for grant in asked:
        services.grant_permission(actor=here.reviewer, grant=grant)
    assert permissions.terms(made, here.host_app).body["capabilities"] == ["scan"]


def test_its_approvals_count_where_the_trust_says_so(there, here, sent):
    trust(here, there, {there.host_app.app_key: here.host_app.pk})
    made = take_in(here, sent)
    (review,) = made.approvals
    assert (review.host_app_id, review.state) == (here.host_app.pk, "approved")
    assert review.decided_by_name == "reviewer (Yard)"
    services.start_release(actor=here.operator, version=made.row.version, host_app=here.host_app, plan=services_plan())
    here.program = made.row.version.program
    (entry,) = here.part()["releases"]
    own = services.export_key(actor=here.operator)
    assert entry["signature"]["kid"] == own.kid  # phones here trust this installation's key, not the other one


def services_plan():
    from miniapps.releases import Kind, ReleasePlan

    return ReleasePlan(kind=Kind.FULL)


def test_without_that_somebody_here_approves_and_not_who_imported(there, here, sent):
    trust(here, there)
    version = take_in(here, sent).row.version
    both = here.person("developer", "reviewer", who="developer")
    services.submit_version(actor=here.person("developer", who="another"), version=version, host_app=here.host_app)
    with pytest.raises(OwnWork):
        services.approve_version(actor=both, version=version, host_app=here.host_app)
    assert services.approve_version(actor=here.reviewer, version=version, host_app=here.host_app).signature


def test_who_uploaded_it_there_does_not_approve_it_here(there, here, sent):
    trust(here, there)
    importer = here.person("developer", who="importer")
    reading, upload = services.read_import(actor=importer, file=sent)
    version = services.add_import(actor=importer, reading=reading, upload=upload).row.version
    services.submit_version(actor=importer, version=version, host_app=here.host_app)
    author = here.person("reviewer", who="developer")  # the account that uploaded it in the other workspace
    with pytest.raises(OwnWork):
        services.approve_version(actor=author, version=version, host_app=here.host_app)


def test_twice_is_said_and_older_is_refused(there, here, sent):
    trust(here, there)
    newer = exported(there, there.version("2.0.0"))
    take_in(here, newer)
    with pytest.raises(AlreadyImported):
        take_in(here, newer)
    with pytest.raises(VersionExists):
        take_in(here, sent)
    assert ImportedVersion.objects.of(here.workspace).count() == 1


def test_a_file_for_another_workspace_is_refused(there, here):
    trust(here, there)
    version = there.version("1.0.0")
    with pytest.raises(WrongWorkspace):
        take_in(here, exported(there, version, recipient=there.workspace.pk))
    assert take_in(here, exported(there, version, recipient=here.workspace.pk)).row.version.code == 1


def test_trust_in_one_workspace_is_none_in_another(there, here, sent):
    trust(here, there)
    with pytest.raises(ExporterNotTrusted):
        take_in(World.make("Elsewhere"), sent)


def test_a_trusted_key_speaks_for_its_own_workspace_only(there, here, sent):
    exporter = trust(here, there)
    type(exporter).objects.of(here.workspace).update(workspace_of_origin=here.workspace.pk)
    with pytest.raises(WrongWorkspace):
        take_in(here, sent)


@pytest.mark.parametrize("seed", range(4))
def test_no_byte_of_it_can_be_changed(there, here, sent, seed):
    """Bytes of every class: headers, names, document, signature, package, icon, directory and end record."""
    trust(here, there)
    whole = sent.getvalue()
    before = here.fingerprint()
    chance = random.Random(seed)
    places = {chance.randrange(len(whole)) for _ in range(60)} | set(range(seed * 12, seed * 12 + 12))
    places |= {len(whole) - 1 - at for at in range(seed * 12, seed * 12 + 12)}
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 1 << chance.randrange(8)
        with pytest.raises(FerryError) as refused:
            take_in(here, io.BytesIO(bytes(changed)))
        assert refused.value.status == 422, (place, refused.value)
    for cut in (whole[:-1], whole[1:], whole + b"\0", whole[: len(whole) // 2], b""):
        with pytest.raises(ExportRefused):
            take_in(here, io.BytesIO(cut))
    assert here.fingerprint() == before


def rewritten(file: io.BytesIO, **changes: bytes | None) -> io.BytesIO:
    """The same file, canonical again, with some of its files exchanged, added (bytes) or left out (None)."""
    archive = open_archive(file, Limits())
    content = {path: b"".join(archive.read(path)) for path in archive.entries}
    for name, value in changes.items():
        path = {"document": "export.json", "signature": "export.sig.json"}.get(name, name)
        path = next((each for each in content if each.startswith(f"{name}s/")), path)
        if value is None:
            del content[path]
        else:
            content[path] = value
    out = io.BytesIO()
    write_package(content, lambda path: iter((content[path],)), out)
    return io.BytesIO(out.getvalue())


def test_somebody_who_writes_the_file_anew_gets_no_further(there, here, sent):
    trust(here, there)
    archive = open_archive(sent, Limits())
    document = b"".join(archive.read("export.json"))
    package = b"".join(archive.read(next(path for path in archive.entries if path.startswith("packages/"))))
    assert rewritten(sent).getvalue() == sent.getvalue()
    attempts = {
        "its signature does not hold": {"document": document.replace(b'"code":1', b'"code":9')},
        "changed after it was signed": {"document": document.replace(b":", b": ", 1)},
        "is not the one that was signed": {"package": package.replace(b"hello", b"gotya")},
        "is missing": {"package": None},
        "is not signed": {"more.txt": b"and this"},
    }
    for reason, change in attempts.items():
        with pytest.raises(ExportRefused, match=reason):
            take_in(here, rewritten(sent, **change))
    with pytest.raises(ExportRefused, match="is missing"):
        take_in(here, rewritten(sent, signature=None))


def test_the_reviewer_is_checked_there_too(there, here, sent):
    """Somebody who holds a trusted key can sign what he likes, but not an approval that no reviewer's key signed."""
    value = services.inspect_export(actor=here.reviewer, file=sent).opened.value
    approval = value["approvals"][0]
    other = {**approval, "host_app": {**approval["host_app"], "app_key": "fa_another"}}
    for reason, changed in (("own_work", {**approval, "decided_by": approval["submitted_by"]}), ("approval", other)):
        export = exports.read({**value, "approvals": [changed]})
        with pytest.raises(Damaged, match=reason):
            exports.check_approvals(export)
    with pytest.raises(Damaged, match="format"):
        exports.read({**value, "format": "ferry-export/2"})
    with pytest.raises(Damaged, match="format"):
        exports.read({**value, "more": 1})


def test_a_race_of_two_imports_makes_one_version(there, here, sent):
    trust(here, there)
    first = services.read_import(actor=here.developer, file=sent)
    second = services.read_import(actor=here.developer, file=io.BytesIO(sent.getvalue()))
    services.add_import(actor=here.developer, reading=first[0], upload=first[1])
    with pytest.raises(AlreadyImported):
        services.add_import(actor=here.developer, reading=second[0], upload=second[1])
    assert Version.objects.of(here.workspace).count() == 1


def test_an_upload_of_the_same_program_here_goes_on_from_there(there, here, sent):
    trust(here, there)
    here.program = take_in(here, sent).row.version.program
    assert here.upload("1.0.1").code == 2


def test_over_the_api(there, here, client):
    version = there.version("1.0.0")
    head = {"Authorization": f"Bearer {there.token('operator')}"}
    made = client.post(f"/api/v1/versions/{version.pk}/exports", {}, "application/json", headers=head).json()
    file = client.get(f"/api/v1/archives/{made['id']}/file", headers=head)
    body = b"".join(file.streaming_content)
    admin = {"Authorization": f"Bearer {here.token('admin')}"}
    seen = client.post("/api/v1/imports/inspect", body, "application/zip", headers=admin).json()
    assert (seen["trusted"], seen["approvals"][0]["decided_by"]) == (None, "reviewer")
    refused = client.post("/api/v1/imports", body, "application/zip", headers=admin)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "exporter_not_trusted")
    key = client.get("/api/v1/export-key", headers=head).json()
    assert key["fingerprint"] == seen["fingerprint"]
    trusted = client.post(
        "/api/v1/trusted-exporters",
        {
            "name": "Yard",
            "workspace_of_origin": key["workspace"]["id"],
            "public_pem": key["public_pem"],
            "fingerprint": key["fingerprint"],
            "approvals": {there.host_app.app_key: here.host_app.pk},
        },
        "application/json",
        headers=admin,
    )
    assert trusted.status_code == 201, trusted.content
    once = {**admin, "Idempotency-Key": "carry-1"}
    answer = client.post("/api/v1/imports", body, "application/zip", headers=once)
    assert answer.status_code == 201, answer.content
    assert (answer.json()["sha256"], answer.json()["approvals"][0]["state"]) == (version.sha256, "approved")
    assert client.post("/api/v1/imports", body, "application/zip", headers=once).json() == answer.json()
    evidence = client.get(f"/api/v1/imports/{answer.json()['id']}", headers=admin).json()
    assert evidence["told"]["version"]["uploaded_by"]["name"] == "developer"
    assert client.delete(f"/api/v1/trusted-exporters/{trusted.json()['id']}", headers=admin).status_code == 204


def test_only_an_operator_exports(there):
    with pytest.raises(NotAllowed):
        services.ask_for_export(actor=there.developer, version=there.version("1.0.0"))
