"""Which additions to the record of use were made."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "usage_flushes",
        sa.Column("process", sa.Text(collation="C"), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("process", name=op.f("usage_flushes_pkey")),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE (number, at), DELETE ON usage_flushes TO payflow_app")


def downgrade() -> None:
    op.drop_table("usage_flushes")
