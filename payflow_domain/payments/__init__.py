"""Money that comes from outside or goes there: charges, refunds, payouts and disputes."""
