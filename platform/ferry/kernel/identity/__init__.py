"""Who may do what: workspaces, members and roles, host apps and their keys, API tokens, sign-in."""
