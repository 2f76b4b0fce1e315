"""What staff count, found by an index."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "gateway_notices_gateway",
        "gateway_notices",
        ["gateway", "environment", "received_at"],
        unique=False,
    )
    op.create_index("security_events_at", "security_events", ["at"], unique=False)


def downgrade() -> None:
    op.drop_index("security_events_at", table_name="security_events")
    op.drop_index("gateway_notices_gateway", table_name="gateway_notices")
