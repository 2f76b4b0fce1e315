"""Staff: operators, their sessions, tries to log in, and the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_GUARDS = """
GRANT SELECT, INSERT ON audit_log, operators, staff_sessions, login_attempts TO payflow_app;
GRANT UPDATE (password_hash, disabled_at) ON operators TO payflow_app;
GRANT UPDATE (seen_at), DELETE ON staff_sessions TO payflow_app;
GRANT UPDATE (began_at, count), DELETE ON login_attempts TO payflow_app;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    _create_audit_log()
    _create_operators()
    _create_sessions()
    op.create_table(
        "login_attempts",
        sa.Column("subject", sa.Text(collation="C"), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("login_attempts_pkey")),
    )
    op.create_index("login_attempts_began_at", "login_attempts", ["began_at"], unique=False)
    op.execute(_GUARDS)


def downgrade() -> None:
    for table in ("login_attempts", "staff_sessions", "operators", "audit_log"):
        op.drop_table(table)


def _create_audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(collation="C"), nullable=False),
        sa.Column("action", sa.Text(collation="C"), nullable=False),
        sa.Column("subject", sa.Text(collation="C"), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("partner_id", sa.Text(collation="C"), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("audit_log_pkey")),
    )
    op.create_index("audit_log_at", "audit_log", ["at", "id"], unique=False)
    for column in ("actor", "action", "subject", "partner_id"):
        op.create_index(f"audit_log_{column}", "audit_log", [column, "at", "id"], unique=False)


def _create_operators() -> None:
    op.create_table(
        "operators",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("username", sa.Text(collation="C"), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("operators_pkey")),
        sa.UniqueConstraint("username", name=op.f("operators_username_key")),
    )


def _create_sessions() -> None:
    op.create_table(
        "staff_sessions",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("operator_id", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operators.id"], name=op.f("staff_sessions_operator_id_fkey")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("staff_sessions_pkey")),
    )
    op.create_index("staff_sessions_operator_id", "staff_sessions", ["operator_id"], unique=False)
