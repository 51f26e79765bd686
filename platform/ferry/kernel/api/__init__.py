"""The ground of the management API: authentication, strict input, errors, pages, idempotency, OpenAPI."""
