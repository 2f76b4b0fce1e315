"""How the story is told: in colour on a terminal, else as plain text."""

from collections.abc import Iterable, Sequence

from attrs import frozen
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from payflow_adapters.currencies import iso_currencies
from payflow_bootstrap.demo.circle import CURRENCY
from payflow_domain.money import format_money

WIDTH_MAX = 100


@frozen
class Stage:
    """Where the story is told."""

    console: Console

    @classmethod
    def on_stdout(cls) -> "Stage":
        """Tell it on standard output, in lines of at most ``WIDTH_MAX`` columns."""
        console = Console(highlight=False, soft_wrap=True)
        if console.is_terminal:
            console = Console(highlight=False, width=min(console.width, WIDTH_MAX))
        return cls(console)

    def title(self, text: str) -> None:
        self.console.print()
        self.console.print(Text(text, style="bold cyan"))

    def say(self, text: str) -> None:
        self.console.print(Text(text))

    def note(self, text: str) -> None:
        self.console.print(Text(text, style="dim"))

    def good(self, text: str) -> None:
        self.console.print(Text(text, style="bold green"))

    def bad(self, text: str) -> None:
        self.console.print(Text(text, style="bold red"))

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Show a table; the last column stands to the right."""
        table = Table(box=box.SIMPLE_HEAD if self.console.is_terminal else None, pad_edge=True)
        for heading in headings[:-1]:
            table.add_column(heading, no_wrap=True)
        table.add_column(headings[-1], justify="right", no_wrap=True)
        for row in rows:
            table.add_row(*map(Text, row))
        self.console.print(table)


def money(amount: int) -> str:
    """Show an amount of minor units to a person."""
    return format_money(amount, CURRENCY, iso_currencies())
