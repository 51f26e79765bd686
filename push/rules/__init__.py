"""The rules of push, pure: no Django, no clock, no I/O."""
