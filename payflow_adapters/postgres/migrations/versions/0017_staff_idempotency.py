"""Idempotency keys of operators."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staff_idempotency_keys",
        sa.Column("operator_id", sa.Text(collation="C"), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("operator_id", "key", name=op.f("staff_idempotency_keys_pkey")),
    )
    op.create_index("staff_idempotency_keys_at", "staff_idempotency_keys", ["at"], unique=False)
    # To lock rows that are to be deleted takes the right to change something in them.
    op.execute("GRANT SELECT, INSERT, DELETE, UPDATE (at) ON staff_idempotency_keys TO payflow_app")


def downgrade() -> None:
    op.drop_table("staff_idempotency_keys")
