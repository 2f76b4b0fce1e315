"""Deliveries that failed or were skipped are found without reading all the others."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "webhook_deliveries_lost",
        "webhook_deliveries",
        ["ledger_id", "endpoint_id", "id"],
        unique=False,
        postgresql_where=sa.text("status IN ('failed', 'skipped')"),
    )


def downgrade() -> None:
    op.drop_index("webhook_deliveries_lost", "webhook_deliveries")
