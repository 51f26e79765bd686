from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The management API's ground as a Django app: it keeps the answers of idempotency keys."""

    name = "ferry.kernel.api"
    label = "api"
