"""What the edge knows: published parts, loaded once, swapped by one reference (rule 6).

client.py polls and keeps the last good state on disk; assemble.py turns parts into a HostAppSnapshot; holder.py is
what requests read. Nothing in here waits on the database while a request is being answered.
"""
