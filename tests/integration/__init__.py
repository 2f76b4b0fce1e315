"""Tests against a real PostgreSQL and real sockets."""
