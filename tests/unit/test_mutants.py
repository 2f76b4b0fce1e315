"""The proof by mutation, which takes too long for every day, still fits the code."""

from pathlib import Path

import pytest

import payflow_domain.ledger
from tests.mutation.engine_mutants import ENGINE_MUTANTS
from tests.mutation.journal_mutants import JOURNAL_MUTANTS
from tests.mutation.mutant import Mutant

MODULES = Path(payflow_domain.ledger.__file__).parent


@pytest.mark.parametrize(
    "mutant", [*ENGINE_MUTANTS, *JOURNAL_MUTANTS], ids=lambda mutant: mutant.rule
)
def test_what_a_mutant_replaces_is_there_once(mutant: Mutant) -> None:
    module = (MODULES / mutant.module).read_text()

    assert module.count(mutant.old) == 1
    assert mutant.new != mutant.old
    compile(module.replace(mutant.old, mutant.new), mutant.module, "exec")
