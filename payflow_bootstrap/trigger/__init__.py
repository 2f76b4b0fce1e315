"""Making each event happen in a sandbox, through the REST API."""
