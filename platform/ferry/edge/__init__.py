"""Everything a device calls, apart from Django's request cycle: an ASGI app over an in-memory snapshot.

Read app.py first (what happens to a request), then snapshot/ (where the answers come from). The apps above join
through registry.py and never the other way round.
"""
