"""What devices say about push: receipts and vendors' tokens, from the journal into the ledger and the addresses."""
