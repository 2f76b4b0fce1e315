"""What staff look at, across all partners, and what they may set right."""
