"""The fixtures of tests.kernel.publishing.harbour."""

from tests.kernel.publishing.harbour import board, host_app, workspace

__all__ = ["board", "host_app", "workspace"]
