"""Unpacked mini-program files on an origin of their own (rule 11): untrusted code never shares one with us."""
