"""Shows that no rule of the ledger can be removed unnoticed: ``python -m tests.mutation``."""
