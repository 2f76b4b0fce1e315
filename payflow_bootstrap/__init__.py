"""Puts the parts together: settings, wiring, logging and the command line."""
