"""What was done, by whom: an append-only log per workspace whose entries are chained by keyed hashes."""
