"""Break each rule of the ledger in a copy of the tree, and see that a test fails.

``--only WORD`` takes the rules with that word; ``--write FILE`` records the table. Exits with 1
where a mutant survives or no longer fits the source.
"""

# ruff: noqa: T201 - what it prints is what it is for

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from tests.mutation.engine_mutants import ENGINE_MUTANTS
from tests.mutation.journal_mutants import JOURNAL_MUTANTS
from tests.mutation.mutant import Mutant

ROOT = Path(__file__).parents[2]
COPIED = ("payflow_domain", "payflow_adapters", "payflow_http", "tests", "pyproject.toml")
UNDER_TEST = Path("payflow_domain/ledger")
TESTS = "tests/unit/ledger"
QUICK = ("-p", "tests.mutation.quickly", "--hypothesis-profile=mutation", "-p", "no:cacheprovider")
# The properties come last: the examples are quicker and kill most.
ORDER = (
    "test_refusals.py",
    "test_accounts.py",
    "test_batch.py",
    "test_journal.py",
    "test_reversals_held.py",
)
LAST = ("test_engine_laws.py", "test_engine_properties.py")
_TESTS_FAILED = 1
_FAILED = re.compile(r"^FAILED \S+/(.+?)(?: - .*)?$", re.MULTILINE)


class Broken(Exception):
    """The run itself went wrong, so that it shows nothing."""


@frozen
class Verdict:
    """What became of a mutant: the test that failed, or none."""

    mutant: Mutant
    killer: str | None


def main(arguments: Sequence[str]) -> int:
    options = _parse(arguments)
    chosen = [
        mutant for mutant in (*ENGINE_MUTANTS, *JOURNAL_MUTANTS) if options.only in mutant.rule
    ]
    started = time.monotonic()
    try:
        verdicts = _judge(chosen)
    except Broken as fault:
        print(fault, file=sys.stderr)
        return 1
    survived = [each for each in verdicts if each.killer is None]
    print(f"{len(chosen)} mutants, {len(survived)} survived, {time.monotonic() - started:.0f} s")
    if options.write:
        options.write.write_text(_table(verdicts), encoding="utf-8")
    return 1 if survived else 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--only", default="", metavar="WORD")
    parser.add_argument("--write", type=Path, metavar="FILE")
    return parser.parse_args(arguments)


def _judge(mutants: Sequence[Mutant]) -> list[Verdict]:
    """Try each mutant in a copy of the tree whose tests pass as it is."""
    with tempfile.TemporaryDirectory(prefix="payflow-mutants-") as directory:
        tree = Path(directory)
        _copy(tree)
        for mutant in mutants:
            _mutated(tree, mutant)
        if killer := _failing_test(tree):
            raise Broken(f"{killer} fails without any mutation")
        return [_try(tree, mutant) for mutant in mutants]


def _copy(tree: Path) -> None:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tree / name)


def _try(tree: Path, mutant: Mutant) -> Verdict:
    path = tree / UNDER_TEST / mutant.module
    original = path.read_text(encoding="utf-8")
    path.write_text(_mutated(tree, mutant), encoding="utf-8")
    try:
        killer = _failing_test(tree)
    finally:
        path.write_text(original, encoding="utf-8")
    print(
        f"{'killed  ' if killer else 'SURVIVED'}  {mutant.rule}: {killer or mutant.new}", flush=True
    )
    return Verdict(mutant, killer)


def _mutated(tree: Path, mutant: Mutant) -> str:
    source = (tree / UNDER_TEST / mutant.module).read_text(encoding="utf-8")
    if source.count(mutant.old) != 1:
        raise Broken(f"{mutant.rule}: found {source.count(mutant.old)} times: {mutant.old!r}")
    return source.replace(mutant.old, mutant.new)


def _failing_test(tree: Path) -> str | None:
    """Run the tests up to the first one that fails, and name it."""
    command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "--no-header", *QUICK]
    run = subprocess.run(  # noqa: S603 - our own tests, in our own copy
        [*command, *_tests(tree)], cwd=tree, capture_output=True, text=True, check=False
    )
    if run.returncode == 0:
        return None
    found = _FAILED.search(run.stdout)
    if run.returncode != _TESTS_FAILED or found is None:
        raise Broken(run.stdout + run.stderr)
    return found[1]


def _tests(tree: Path) -> list[str]:
    files = {path.name for path in (tree / TESTS).glob("test_*.py")}
    ordered = [*ORDER, *sorted(files - {*ORDER, *LAST}), *LAST]
    return [f"{TESTS}/{name}" for name in ordered]


def _table(verdicts: Sequence[Verdict]) -> str:
    lines = [
        "# No rule of the ledger can be removed unnoticed",
        "",
        "Written by `make mutants`, which breaks each rule in a copy of the tree and runs the unit",
        "tests of the ledger there. The last column names the first test that fails; others may",
        "fail too. Rules, modules and replacements are in `tests/mutation/`.",
        "",
        "| rule | module | instead of | it says | test that fails |",
        "|---|---|---|---|---|",
    ]
    for each in verdicts:
        mutant = each.mutant
        old, new = _as_code(mutant.old), _as_code(mutant.new)
        killer = each.killer or "**none**"
        lines.append(f"| {mutant.rule} | {mutant.module} | {old} | {new} | {killer} |")
    return "\n".join([*lines, ""])


def _as_code(source: str) -> str:
    text = " ".join(source.split()).replace("|", "\\|")
    return f"`{text}`" if text else "nothing"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
