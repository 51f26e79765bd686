"""Redis is a hint: it arrives when it can, and a dead Redis stops nobody from publishing."""

from __future__ import annotations

import json
import os

import pytest
import redis

from ferry.kernel.publishing import hints
from ferry.kernel.publishing.services import publishing
from tests.kernel.publishing.harbour import version_of


def publish(host_app) -> None:
    with publishing(host_app) as publication:
        publication.host_app.check_interval_s += 1
        publication.host_app.save()
        publication.changed("app")


def test_the_hint_follows_the_commit(host_app, settings, django_capture_on_commit_callbacks):
    url = os.environ.get("REDIS_URL", "")
    if not url:
        pytest.skip("REDIS_URL is not set")
    settings.FERRY_REDIS_URL = url
    with redis.Redis.from_url(url) as client, client.pubsub() as listener:
        listener.subscribe(hints.CHANNEL)
        assert listener.get_message(timeout=5)["type"] == "subscribe"
        with django_capture_on_commit_callbacks() as callbacks:
            publish(host_app)
        assert listener.get_message(timeout=0.05) is None  # not before the commit
        for callback in callbacks:
            callback()
        message = listener.get_message(timeout=5)
    assert json.loads(message["data"]) == {"host_app": host_app.pk, "version": 2}


def test_a_dead_redis_costs_a_line_in_the_log(host_app, settings, django_capture_on_commit_callbacks, caplog):
    settings.FERRY_REDIS_URL = "redis://127.0.0.1:1/0"
    with django_capture_on_commit_callbacks(execute=True):
        publish(host_app)
    assert version_of(host_app) == 2
    assert "no hint on ferry:published" in caplog.text
