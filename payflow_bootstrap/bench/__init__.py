"""The project's figures, measured against pgbench on the same server in the same minute."""
