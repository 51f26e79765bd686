"""From an uploaded zip to the canonical package: checked, understood, re-packed. Pure: no Django, no database.

guard reads the archive and trusts none of it; names says which file names are allowed; kinds and manifest understand
what is inside; canonical writes the one form that is hashed, signed and served; findings are what a report holds.
"""
