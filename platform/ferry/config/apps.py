"""The composition root as a Django app: it holds the commands that run the platform as a whole."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "ferry.config"
    label = "config"

    def ready(self) -> None:
        """Every process that sends a task needs the Celery app as the current one; shared_task finds it there."""
        from ferry.config import celery  # noqa: F401
