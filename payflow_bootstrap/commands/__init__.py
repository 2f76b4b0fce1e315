"""The commands, one to a module of its name."""
