"""Segments (圈人): saved sets of users, by rules or by list, that releases, switches and campaigns name by id."""
