"""Verifying the books of a database: sound books pass, and each way to spoil them is found."""
