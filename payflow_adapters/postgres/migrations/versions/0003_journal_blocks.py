"""The journal in blocks of consecutive events."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MOVE = """
INSERT INTO journal_blocks (ledger_id, last_sequence, first_sequence, at, types, bodies, hashes)
SELECT ledger_id, sequence, sequence, at, type, body, hash FROM events
"""

_VIEW = """
CREATE VIEW events AS
SELECT b.ledger_id, b.first_sequence + e.number - 1 AS sequence,
  split_part(b.types, ' ', e.number::integer) AS type, b.at, e.body,
  substring(b.hashes FROM (e.number::integer - 1) * 32 + 1 FOR 32) AS hash
FROM journal_blocks b,
  LATERAL string_to_table(b.bodies, E'\\n') WITH ORDINALITY AS e(body, number)
"""

_GUARDS = """
GRANT SELECT, INSERT ON journal_blocks TO payflow_app;
GRANT SELECT ON events TO payflow_app;
CREATE TRIGGER journal_blocks_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_blocks
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

_EVENTS = """
CREATE TABLE events (
  ledger_id bigint NOT NULL,
  sequence bigint NOT NULL,
  type text NOT NULL,
  at timestamptz NOT NULL,
  body text NOT NULL,
  hash bytea NOT NULL,
  CONSTRAINT events_pkey PRIMARY KEY (ledger_id, sequence)
);
INSERT INTO events SELECT ledger_id, sequence, type, at, body, hash FROM one_by_one;
DROP VIEW one_by_one;
GRANT SELECT, INSERT ON events TO payflow_app;
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    op.create_table(
        "journal_blocks",
        sa.Column("ledger_id", sa.BigInteger(), nullable=False),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False),
        sa.Column("first_sequence", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("types", sa.Text(), nullable=False),
        sa.Column("bodies", sa.Text(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "octet_length(hashes) = 32 * (last_sequence - first_sequence + 1)",
            name=op.f("journal_blocks_hashes_check"),
        ),
        sa.PrimaryKeyConstraint("ledger_id", "last_sequence", name=op.f("journal_blocks_pkey")),
        postgresql_with={"toast_tuple_target": "8160"},
    )
    op.execute(_MOVE)
    op.drop_table("events")
    op.execute(_VIEW)
    op.execute(_GUARDS)


def downgrade() -> None:
    op.execute("ALTER VIEW events RENAME TO one_by_one")
    op.execute(_EVENTS)
    op.drop_table("journal_blocks")
