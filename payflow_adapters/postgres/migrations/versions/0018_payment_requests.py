"""Payments know the request that made them, for whoever answers it."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payments", sa.Column("request_id", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("payments", "request_id")
