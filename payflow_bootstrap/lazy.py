"""Commands that are imported when they are run, so that the others start at once."""

from importlib import import_module

import click


class LazyCommand(click.Command):
    """A command of which no more is known, until it is run, than its name and what it does.

    ``payflow_bootstrap.commands.NAME`` has the command itself, by that name too.
    """

    def __init__(self, name: str, short_help: str) -> None:
        super().__init__(name, short_help=short_help)

    def load(self) -> click.Command:
        """Import the command itself."""
        module = import_module(f"payflow_bootstrap.commands.{self.name}")
        command = getattr(module, str(self.name))
        if not isinstance(command, click.Command):
            raise TypeError(command)
        return command

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: object,
    ) -> click.Context:
        return self.load().make_context(info_name, args, parent, **extra)
