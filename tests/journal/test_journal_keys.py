"""One key for one message, whether Python or DuckDB makes it."""

from __future__ import annotations

import pytest

from ferry.journal.keys import KEY_SQL, Message
from ferry.journal.lake import connect
from tests.journal.world import DAY


@pytest.mark.parametrize("message_id", ["m1", "", "渡口 \U0001f600", "x" * 200, "a'b"])
def test_a_key_is_the_same_in_python_and_in_sql(message_id: str) -> None:
    app = "0" * 26
    with connect() as connection:
        sql = KEY_SQL.format(app="$1", namespace="event", message_id="$2")
        (found,) = connection.execute(f"SELECT {sql}::VARCHAR", [app, message_id]).fetchone()
    assert found.replace("-", "") == Message(app, DAY, "event", message_id).key()
    assert Message(app, DAY, "other", message_id).key() != Message(app, DAY, "event", message_id).key()
