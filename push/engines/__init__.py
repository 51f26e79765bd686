"""Channels: each carries copies of a message to devices, one module per provider."""
