"""What pending reversals reserve."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_REVERSED_AMOUNT = "transactions_reversed_amount_check"


def upgrade() -> None:
    op.add_column(
        "transactions",
        sa.Column("reversing_amount", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    _check_reversed_amount(
        "reversed_amount >= 0 AND reversing_amount >= 0"
        " AND reversed_amount + reversing_amount <= amount"
    )
    op.execute("GRANT UPDATE (reversing_amount) ON transactions TO payflow_app")


def downgrade() -> None:
    _check_reversed_amount("reversed_amount BETWEEN 0 AND amount")
    op.drop_column("transactions", "reversing_amount")


def _check_reversed_amount(condition: str) -> None:
    op.drop_constraint(op.f(_REVERSED_AMOUNT), "transactions")
    op.create_check_constraint(op.f(_REVERSED_AMOUNT), "transactions", condition)
