"""Every store on PostgreSQL, and the server that developers and tests run it on."""
