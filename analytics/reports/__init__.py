"""Questions to the stored events: live, trend, active users, funnel, retention, timeline, health of versions.

Each module holds one question: a frozen value that says what is asked, a function that answers it from the manifest's
files. running.py bounds what an answer may cost; asking.py has the parts of SQL that several share. Values travel as
parameters, never inside the SQL.
"""
