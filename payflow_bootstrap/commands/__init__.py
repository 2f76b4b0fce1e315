"""The commands that look at PayFlow from outside: verify, demo, bench."""
