"""What a mini-program may call and reach: pure rules. miniapps.services.grants writes, docs/permissions.md explains."""
