"""Outgoing webhooks: how they are signed, where they may go, and how they are sent."""
