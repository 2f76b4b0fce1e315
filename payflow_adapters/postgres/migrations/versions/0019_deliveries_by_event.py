"""Deliveries of a seldom event are found without reading all the others."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "webhook_deliveries_by_event",
        "webhook_deliveries",
        ["ledger_id", "endpoint_id", "event_type", "id"],
        unique=False,
        postgresql_where=sa.text(
            "event_type NOT IN ('transaction.completed', 'wallet.credited', 'wallet.debited')"
        ),
    )


def downgrade() -> None:
    op.drop_index("webhook_deliveries_by_event", "webhook_deliveries")
