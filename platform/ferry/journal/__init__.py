"""The durable, append-only log between the edge and the loader, and the registry for the apps' record handlers."""
