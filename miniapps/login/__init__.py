"""Mini-program login: from a verified user on a device to a session at the program's own server. docs/login.md."""
