"""Events: what apps say has happened, from the Segment wire through the journal into Parquet.

wire (what may be said), intake (what of it is stored), records (how it lies in the journal), edge (the door),
handler (what the loader does). All but edge and handler are pure.
"""
