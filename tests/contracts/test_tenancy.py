"""`objects.of(workspace)` is the only door to tenant data; every exception stands in this list with its reason."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.apps import apps

from ferry.kernel.db import TenantManager, TenantModel, UnscopedQuery

OWN = {"analytics", "miniapps", "push", "journal", "publishing", "signing", "jobs", "audit"}

MAY_BE_UNSCOPED: dict[str, str] = {
    "platform/ferry/kernel/api/idempotency.py:sweep": "the tick forgets old answers of every workspace",
    "platform/ferry/kernel/identity/selectors.py:host_app_by_key": "commands on the server name a host app by its key",
    "platform/ferry/kernel/identity/selectors.py:find_token": "a token is what tells the workspace",
    "platform/ferry/kernel/identity/selectors.py:memberships": "which workspaces an account may enter",
    "platform/ferry/kernel/publishing/services.py:_host_apps": "the verifying tick walks all host apps",
    "analytics/device_rows.py:DeviceRows._write": "the loader writes what all workspaces sent, by host app",
    "analytics/device_rows.py:DeviceRows.of": "as above",
    "analytics/device_rows.py:DeviceRows.save": "as above",
    "analytics/events/handler.py:_of_known_apps": "as above",
    "analytics/events/handler.py:_refusing": "the loader asks which devices of a host app have taken consent back",
    "analytics/handlers.py:_apps": "the loader maps a record's host app to its workspace",
    "analytics/churn/working.py:_work": "a tick reads once more what it is about to train or score",
    "analytics/churn/working.py:due": "a tick asks for which host apps a training or scoring is due",
    "analytics/segments/snapshot.py:held_sets": "the sweep asks which stored sets any workspace still uses",
    "miniapps/delivery/making.py:_claim": "a worker takes the next file to make, whoever's it is",
    "miniapps/delivery/making.py:_claimable": "workers make the files of whatever workspace",
    "miniapps/delivery/orphans.py:_named": "a stored file goes only when no workspace names it",
    "miniapps/delivery/sweeping.py:_let_go": "a blob goes only when no workspace names it",
    "miniapps/delivery/sweeping.py:sweep": "the tick forgets what no workspace wants any more",
    "miniapps/handlers.py:_count": "the loader counts what all workspaces' links were opened, by host app and code",
    "miniapps/handlers.py:_published": "the loader asks which agreements all workspaces have published",
    "miniapps/handlers.py:_keep": "the loader writes what all workspaces' devices accepted, by host app",
    "miniapps/services/links.py:sweep_links": "the tick ends what has expired in every workspace",
    "miniapps/adapters/history.py:held_sets": "the sweep asks which stored sets any workspace still uses",
    "miniapps/selectors/previews.py:_released": "as above: a released version is public, and its id names it",
    "miniapps/selectors/previews.py:preview": "the content origin knows a preview by its unguessable label alone",
    "miniapps/services/archive_rows.py:waiting": "a worker makes the files that were asked for in every workspace",
    "miniapps/services/login.py:_authenticated": "an app secret is what tells the workspace",
    "miniapps/services/login.py:sweep_login_codes": "the tick forgets old codes of every workspace",
    "miniapps/services/previews.py:sweep_previews": "the tick forgets expired previews of every workspace",
    "miniapps/services/uploads.py:sweep_uploads": "the tick forgets unfinished uploads of every workspace",
    "miniapps/services/releases.py:advance_due": "the tick starts and ends what is due in every workspace",
    "platform/ferry/journal/reading.py:workspaces": "the loader maps a record's host app to its workspace",
    "push/audiences.py:held_sets": "the sweep asks which stored sets any workspace still uses",
    "push/services/claims.py:_claim": "a worker takes the next shard, whoever's it is; then its workspace counts",
    "push/services/claims.py:claimable": "workers take shards of whatever workspace",
    "push/services/lifecycle.py:finish_due": "the tick ends what is over in every workspace",
    "push/services/lifecycle.py:start_due": "the tick begins what is due in every workspace",
    "push/services/wake.py:wake_workers": "one worker for the shards of all workspaces",
    "push/inbox/reading.py:addressees": "an edge follows the inboxes of all workspaces by their common positions",
    "push/inbox/reading.py:entries": "as above: the entries for the devices that are connected to it",
    "push/inbox/writing.py:sweep": "the tick forgets what has expired in every workspace",
    "push/receipts/ledger.py:Changes.__init__": "the loader writes what all workspaces' devices sent, by host app",
    "push/receipts/ledger.py:Changes.save": "as above",
}


def test_unscoped_is_called_only_where_it_is_listed(root: Path):
    calls: set[str] = set()
    for app in ("platform", "analytics", "miniapps", "push", "console"):
        for path in (root / app).rglob("*.py"):
            if "/migrations/" in str(path) or path.name == "db.py":
                continue
            calls |= {f"{path.relative_to(root)}:{name}" for name in _callers(ast.parse(path.read_text()))}
    assert calls == set(MAY_BE_UNSCOPED)


def _callers(tree: ast.Module) -> set[str]:
    """The dotted names of functions that call `.unscoped()`."""
    found: set[str] = set()

    def walk(node: ast.AST, name: str) -> None:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            name = f"{name}.{node.name}" if name else node.name
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "unscoped":
            found.add(name or "<module>")
        for child in ast.iter_child_nodes(node):
            walk(child, name)

    walk(tree, "")
    return found


def test_tenant_tables_refuse_a_query_without_a_workspace():
    tenant = [model for model in apps.get_models() if issubclass(model, TenantModel)]
    assert tenant
    for model in tenant:
        assert isinstance(model._default_manager, TenantManager), model
        with pytest.raises(UnscopedQuery):
            model._default_manager.all()


def test_foreign_keys_cross_an_app_only_toward_identity():
    """Elsewhere ids: an app's tables are its own, so that they can move to another database."""
    crossing = [
        f"{model._meta.label} → {field.related_model._meta.label}"
        for model in apps.get_models()
        if model._meta.app_label in OWN
        for field in model._meta.get_fields()
        if field.many_to_one or field.one_to_one
        if field.related_model is not None
        and field.related_model._meta.app_label not in {model._meta.app_label, "identity"}
    ]
    assert crossing == []
