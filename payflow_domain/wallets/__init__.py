"""Wallets: the accounts that partners open for their users, and the money that moves in them."""
