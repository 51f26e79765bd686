"""Doors for hosts that speak another update protocol: CodePush clients and Dimina hosts, unmodified.

They ask the same published releases as the check-in does (miniapps.offers); here lies only what their protocols need
beside: the published part "adapter" (part.py), how the edge holds it (load.py), and one module of rules and one of
routes for each protocol. docs/adapters.md.
"""
