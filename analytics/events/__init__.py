"""Events: what apps say has happened, from the Segment wire through the journal into Parquet.

wire (what may be said), intake and judging (what of it is stored), records (how it lies in the journal), edge (the
door), handler (what the loader does), aliases (who an anonymous id turned out to be). All but edge,
handler and aliases are pure.
"""
