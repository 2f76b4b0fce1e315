"""How to reach what ``payflow dev`` runs."""

import json
from pathlib import Path

import click

DATA_DIR = Path(".payflow")
"""Where ``payflow dev`` keeps everything unless it is told otherwise."""


class DevelopmentError(click.ClickException):
    """``payflow dev`` cannot run here, or does not; the message says why and what to do."""

    exit_code = 2


def read_dev_json(data_dir: Path, member: str) -> str:
    """Return a member of ``data_dir/dev.json``; raises ``DevelopmentError``."""
    path = data_dir / "dev.json"
    try:
        facts = json.loads(path.read_text())
    except FileNotFoundError:
        raise DevelopmentError(
            f"There is no {path}: start `payflow dev`, or say where it runs with --data-dir."
        ) from None
    except (OSError, ValueError) as error:
        raise DevelopmentError(f"{path} cannot be read: {error}.") from None
    if isinstance(facts, dict) and isinstance(facts.get(member), str):
        return str(facts[member])
    raise DevelopmentError(f"{path} has no {member}: start `payflow dev` again.")
