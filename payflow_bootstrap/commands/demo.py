"""``payflow demo``: play a savings circle over HTTP."""

import sys
from pathlib import Path
from uuid import uuid4

import click

from payflow_bootstrap.commands.reaching import ApiFault, reaches_api, sandbox_client_of
from payflow_bootstrap.demo.circle import Circle, Off, Unready
from payflow_bootstrap.demo.client import Unreachable
from payflow_bootstrap.demo.stage import Stage
from payflow_bootstrap.demo.story import play


@click.command()
@reaches_api
def demo(base_url: str | None, api_key: str | None, data_dir: Path) -> None:
    """Play a savings circle, and check every balance as it goes.

    Eight members pay in by card and contribute to a group wallet in three rounds. Each round's
    winner gets the pot, and has it paid out to a bank. Cards are declined, a payout comes back.
    It takes half a minute at most, and can be played again and again.

    Exit status: 0 if every balance was right, 1 if one was not, or PayFlow answered what it must
    not, 2 if it could not be played.
    """
    client = sandbox_client_of(base_url, api_key, data_dir)
    stage = Stage.on_stdout()
    try:
        play(Circle(client, run_id=f"demo-{uuid4().hex[:12]}"), stage)
    except Off as off:
        stage.bad(f"PayFlow is off. {off}")
        sys.exit(1)
    except Unready as error:
        raise ApiFault(str(error)) from None
    except Unreachable as error:
        raise ApiFault(f"{error} Is `payflow dev` running?") from None
    finally:
        client.close()
