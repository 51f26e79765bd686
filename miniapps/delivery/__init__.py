"""How packages travel: compressed copies, deflated zips, and deltas from what phones have to what they should get.

A package stays the canonical stored zip (rule 7). Everything here is derived from one, made once by the heavy worker,
stored as a blob of its own, and named by the snapshot of the programs that need it. docs/delivery.md draws it.
"""
