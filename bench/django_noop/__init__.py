"""The measure of ingest: a Django ASGI view that does nothing."""
