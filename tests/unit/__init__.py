"""Tests that need no server, socket or file of their own."""
