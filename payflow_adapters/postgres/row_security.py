"""Row-level security: a partner's reads see no rows but those of the ledgers that they name.

The role ``payflow_partner`` sees a row only where the setting ``payflow.ledgers`` names its ledger,
and nothing where the setting is empty or was never set. A query that forgets its ``WHERE`` then
returns too much of one partner, and nothing of another. It is no guard against SQL that somebody
else has written: who can run any statement can change the setting as well.
"""

from collections.abc import Iterable

from payflow_adapters.postgres.tables import APP_ROLE, PARTNER_ROLE
from payflow_domain.ids import LedgerId

LEDGERS_SETTING = "payflow.ledgers"

NAME_LEDGERS = f"SELECT set_config('{LEDGERS_SETTING}', %s, true)"
"""The statement that names the ledgers, for the rest of its transaction."""

# In a subselect it is evaluated once a statement. What was set once is empty after its transaction.
_NAMED = f"(SELECT nullif(current_setting('{LEDGERS_SETTING}', true), '')::bigint[])::bigint[]"


def named(ledger_ids: Iterable[LedgerId]) -> str:
    """Return the value of the setting that names these ledgers."""
    return "{" + ",".join(map(str, sorted({*ledger_ids}))) + "}"


def keep_apart(table: str, column: str = "ledger_id") -> str:
    """Return the statements that make partners see only rows whose ``column`` is their ledger.

    For migrations of every table that has such a column. The program goes on seeing all, and so
    does the owner. Partners see nothing without a ``GRANT SELECT`` besides. Migrations that were
    released have called this: what it returns is not changed.
    """
    return f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        CREATE POLICY {table}_of_the_program ON {table} TO {APP_ROLE} USING (true);
        CREATE POLICY {table}_of_a_partner ON {table} FOR SELECT TO {PARTNER_ROLE}
          USING ({column} = ANY ({_NAMED}));
    """


def keep_together(table: str) -> str:
    """Return the statements that undo ``keep_apart``."""
    return f"""
        DROP POLICY {table}_of_a_partner ON {table};
        DROP POLICY {table}_of_the_program ON {table};
        ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
    """
