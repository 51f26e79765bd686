"""The own channel's store: what waits for a device, in the order in which it became visible (rule 8).

Written by push.engines.own inside the ledger's transaction, read by push.stream on every edge. A broker never holds a
message: whatever a stream misses, it reads here.
"""
