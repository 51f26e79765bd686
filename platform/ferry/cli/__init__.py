"""The `ferry` command: a client of the public API, nothing more. It imports nothing of the platform (import-linter)."""
