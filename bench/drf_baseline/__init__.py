"""The check-in as a Django REST framework view with the same checks: what the edge is compared with, never shipped."""
