"""The double-entry ledger: accounts, transactions, the posting engine, the journal."""
