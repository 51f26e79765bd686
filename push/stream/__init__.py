"""The own channel on an edge: open streams, the loop that wakes them, and what they read when they open.

Read answer.py first (one stream from first byte to last), then hub.py (who is connected) and poller.py (what is new).
The database is the truth: a stream that ends for whatever reason goes on where the device's cursor stands.
"""
