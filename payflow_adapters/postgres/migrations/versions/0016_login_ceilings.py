"""Tries to log in are forgotten each after its own time; those there are, at once."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_again("ends_at")


def downgrade() -> None:
    _make_again("began_at")


def _make_again(moment: str) -> None:
    op.drop_table("login_attempts")
    op.create_table(
        "login_attempts",
        sa.Column("subject", sa.Text(collation="C"), nullable=False),
        sa.Column(moment, sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("login_attempts_pkey")),
    )
    op.create_index(f"login_attempts_{moment}", "login_attempts", [moment], unique=False)
    op.execute(
        f"GRANT SELECT, INSERT, DELETE, UPDATE ({moment}, count) ON login_attempts TO payflow_app"
    )
