"""``payflow demo``: play a savings circle over HTTP."""

import sys
from pathlib import Path
from uuid import uuid4

import click

from payflow_bootstrap.commands.dev_json import DATA_DIR, read_dev_json
from payflow_bootstrap.demo.circle import Circle, Off, Unready
from payflow_bootstrap.demo.client import Client, Unreachable
from payflow_bootstrap.demo.stage import Stage
from payflow_bootstrap.demo.story import play


class NotPlayed(click.ClickException):
    """It could not be played to its end, so nothing is known of PayFlow."""

    exit_code = 2


@click.command()
@click.option("--base-url", help="Where the API is, such as http://127.0.0.1:3000.")
@click.option("--api-key", envvar="PAYFLOW_API_KEY", help="A sandbox key with all permissions.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=DATA_DIR,
    show_default=True,
    help="Take what is not given from dev.json there.",
)
def demo(base_url: str | None, api_key: str | None, data_dir: Path) -> None:
    """Play a savings circle, and check every balance as it goes.

    Eight members pay in by card and contribute to a group wallet in three rounds. Each round's
    winner gets the pot, and has it paid out to a bank. Cards are declined, a payout comes back.
    It takes half a minute at most, and can be played again and again.

    Exit status: 0 if every balance was right, 1 if not, 2 if it could not be played.
    """
    client = Client(
        base_url or read_dev_json(data_dir, "baseUrl"),
        api_key or read_dev_json(data_dir, "apiKey"),
    )
    stage = Stage.on_stdout()
    try:
        play(Circle(client, run_id=f"demo-{uuid4().hex[:12]}"), stage)
    except Off as off:
        stage.bad(f"PayFlow is off. {off}")
        sys.exit(1)
    except Unready as error:
        raise NotPlayed(str(error)) from None
    except Unreachable as error:
        raise NotPlayed(f"{error} Is `payflow dev` running?") from None
    finally:
        client.close()
