"""What the contracts' tests share."""

from __future__ import annotations

import pytest
from schemathesis.pytest.plugin import SchemathesisFunction


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give each operation's test an id of its own.

    schemathesis puts the operation into the item's name, and pytest 9.2 no longer makes ids of names: without this all
    of them are one to `--last-failed` and to xdist's groups.
    """
    if isinstance(item, SchemathesisFunction) and item.parent is not None and item.operation_label:
        item._id = item.parent.id.child(item.originalname).with_params(item.operation_label)
