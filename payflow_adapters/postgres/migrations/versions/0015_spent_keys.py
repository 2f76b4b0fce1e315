"""Idempotency keys that are kept no longer are found without reading all the others."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "idempotency_keys_spent",
        "idempotency_keys",
        ["at"],
        unique=False,
        postgresql_where=sa.text("status IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("idempotency_keys_spent", "idempotency_keys")
