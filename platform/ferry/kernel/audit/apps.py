from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The audit log as a Django app."""

    name = "ferry.kernel.audit"
    label = "audit"
