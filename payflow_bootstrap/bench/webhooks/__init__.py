"""How fast events reach an endpoint."""
