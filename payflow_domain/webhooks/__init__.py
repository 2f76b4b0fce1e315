"""Webhooks: where partners want to hear of events, and what became of telling them."""
