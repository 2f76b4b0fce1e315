"""Transactions that failed are found without reading all the others."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "transactions_voided",
        "transactions",
        ["ledger_id", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'voided'"),
    )


def downgrade() -> None:
    op.drop_index("transactions_voided", "transactions")
