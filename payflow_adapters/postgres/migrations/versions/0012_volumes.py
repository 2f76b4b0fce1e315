"""Volumes, and up to which event they are rolled up."""

import sqlalchemy as sa
from alembic import op

from payflow_adapters.postgres.row_security import keep_apart

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_TABLES = ("volumes", "volume_cursors")

_GUARDS = """
GRANT SELECT, INSERT ON volumes, volume_cursors TO payflow_app;
GRANT UPDATE (count, amount) ON volumes TO payflow_app;
GRANT UPDATE (sequence, moved_at) ON volume_cursors TO payflow_app;
GRANT SELECT ON volumes, volume_cursors TO payflow_partner;
"""


def upgrade() -> None:
    op.create_table(
        "volumes",
        sa.Column("ledger_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "day", "currency", "type", name=op.f("volumes_pkey")),
    )
    op.create_table(
        "volume_cursors",
        sa.Column("ledger_id", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", name=op.f("volume_cursors_pkey")),
    )
    op.execute(_GUARDS)
    for table in _TABLES:
        op.execute(keep_apart(table))


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
