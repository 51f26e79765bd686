"""Signatures that a phone can check: keys per workspace and purpose, packages, freshness. See docs/signing.md."""
