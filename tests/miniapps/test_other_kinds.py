"""Versions of other kinds than h5: what is kept of them, and what may become of them."""

from __future__ import annotations

import pytest

from miniapps import selectors, services
from miniapps.errors import SourceOnly
from miniapps.releases import Kind, ReleasePlan
from tests.miniapps.packages import samples
from tests.world import RANGE, make_zip


def upload(world, files):
    return services.upload_version(
        actor=world.developer, program=world.program, archive=make_zip(files), host_range=RANGE
    )


def test_a_version_keeps_what_it_declares_with_the_size_of_each_part(world):
    version = selectors.version(world.workspace, upload(world, samples.dimina()).pk)
    assert (version.kind, version.entry) == ("dimina", "pages/home/home")
    assert version.declared["pages"] == samples.PAGES
    sizes = {each["name"]: each["size"] for each in selectors.sizes(version)}
    assert list(sizes) == ["__FULL__", "__APP__", "shop", "trips"]
    assert sizes["__FULL__"] == sum(map(len, samples.dimina().values()))
    assert sizes["shop"] == sum(size for path, _, size, _ in version.files if path.startswith("sub_shop/"))


def test_a_source_tree_is_kept_and_approved_but_never_released(world):
    version = upload(world, samples.wechat())
    assert [finding["code"] for finding in selectors.report(version)["warnings"]] == ["source_only"]
    services.submit_version(actor=world.developer, version=version, host_app=world.host_app)
    services.approve_version(actor=world.reviewer, version=version, host_app=world.host_app)
    before = world.fingerprint()
    with pytest.raises(SourceOnly) as refused:
        services.start_release(
            actor=world.operator, version=version, host_app=world.host_app, plan=ReleasePlan(kind=Kind.FULL)
        )
    assert "wechat" in str(refused.value)
    assert world.fingerprint() == before
