"""What the database itself refuses, whatever the program does."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ROLE = """
DO $$ BEGIN
  CREATE ROLE payflow_app NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""

_PRIVILEGES = """
GRANT payflow_app TO CURRENT_USER;
GRANT USAGE ON SCHEMA public TO payflow_app;
GRANT SELECT ON alembic_version TO payflow_app;
GRANT SELECT, INSERT ON partners, ledgers, accounts, transactions, entries, events,
  idempotency_keys, wallets, api_keys TO payflow_app;
GRANT UPDATE (sequence, head, last_at, settlement_limit) ON ledgers TO payflow_app;
GRANT UPDATE (floor, debits_posted, credits_posted, debits_pending, credits_pending,
  version, sequence, is_open) ON accounts TO payflow_app;
GRANT UPDATE (status, amount, postings, sequence, completed_at, reversed_amount, failure)
  ON transactions TO payflow_app;
GRANT UPDATE (name, status, metadata) ON wallets TO payflow_app;
GRANT UPDATE (status) ON partners TO payflow_app;
GRANT UPDATE (revoked_at) ON api_keys TO payflow_app;
GRANT UPDATE (fingerprint, status, body, at), DELETE ON idempotency_keys TO payflow_app;
"""

_APPEND_ONLY = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entries
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

# The writer asks for it where what it read has changed meanwhile, which locks should prevent.
_MEANWHILE = """
CREATE FUNCTION refuse_unless(holds boolean) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
  IF holds IS NOT TRUE THEN
    RAISE EXCEPTION 'the books changed meanwhile' USING ERRCODE = 'serialization_failure';
  END IF;
END $$;
"""

_STORAGE = """
-- The answer to a batch is long, read once at most, and not worth the time to compress it.
ALTER TABLE idempotency_keys ALTER COLUMN body SET STORAGE EXTERNAL;
"""

# An entry's currency is its account's.
_BALANCED = """
CREATE FUNCTION refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  unbalanced text;
BEGIN
  SELECT e.transaction_id INTO unbalanced
  FROM made e JOIN accounts a ON a.ledger_id = e.ledger_id AND a.id = e.account_id
  GROUP BY e.ledger_id, e.transaction_id, e.phase, a.currency
  HAVING sum(CASE e.side WHEN 'debit' THEN e.amount WHEN 'credit' THEN -e.amount END) <> 0
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'debits and credits of % differ', unbalanced USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER entries_balanced AFTER INSERT ON entries
  REFERENCING NEW TABLE AS made
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_unbalanced();
"""


def upgrade() -> None:
    for statements in (_ROLE, _PRIVILEGES, _APPEND_ONLY, _MEANWHILE, _BALANCED, _STORAGE):
        op.execute(statements)


def downgrade() -> None:
    op.execute("DROP TRIGGER entries_balanced ON entries")
    op.execute("DROP FUNCTION refuse_unbalanced")
    op.execute("DROP FUNCTION refuse_unless")
    op.execute("DROP TRIGGER events_append_only ON events")
    op.execute("DROP TRIGGER entries_append_only ON entries")
    op.execute("DROP FUNCTION refuse_change")
    op.execute("DROP OWNED BY payflow_app")
