"""PayFlow over HTTP: the partners' REST API, the admin API and the console."""
