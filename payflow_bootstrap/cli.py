"""The ``payflow`` command."""

import sys

import click

from payflow_bootstrap.lazy import LazyCommand

_COMMANDS = {
    "bench": "Measure PayFlow against pgbench.",
    "demo": "Play a savings circle, and check every balance as it goes.",
    "dev": "Run everything on this machine.",
    "listen": "Bring events to a server on this machine, signed like webhooks.",
    "migrate": "Bring a database to the present schema.",
    "notices": "Look at what payment gateways told, and book it again.",
    "operator": "Say who our staff are.",
    "reconcile": "Compare the gateway's account of our money with our own.",
    "serve": "Serve the API.",
    "trigger": "Make an EVENT happen in the sandbox.",
    "verify": "Prove the books of a database.",
    "worker": "Do what is not done within a request.",
}


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    commands=[LazyCommand(name, short_help) for name, short_help in _COMMANDS.items()],
)
@click.version_option(package_name="payflow")
def commands() -> None:
    """PayFlow: wallets and payments on double-entry books."""


def main() -> None:
    """Run the command; a fault of the caller's is one line and exit status 2."""
    try:
        commands()
    except Exception as error:
        # To tell what went wrong takes all that there is to go wrong.
        from payflow_bootstrap.faults import explain  # noqa: PLC0415 - see above

        told = explain(error)
        if told is None:
            raise
        click.echo(f"payflow: {told}", err=True)
        sys.exit(2)
