"""The commands that look at PayFlow from outside: verify, reconcile, notices, demo, bench."""
