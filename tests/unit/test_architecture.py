"""The domain imports the standard library and attrs, and nothing else.

Import-linter forbids the libraries it is told of; this allows only the ones named here.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import payflow_domain

ALLOWED = sys.stdlib_module_names | {"attr", "attrs", "payflow_domain"}
ROOT = Path(payflow_domain.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and the name of each import, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.lineno, node.module or ""


def foreign(source: str) -> list[str]:
    found = imported(ast.parse(source))
    return [f"line {line}: {name}" for line, name in found if name.split(".")[0] not in ALLOWED]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_domain_imports_only_the_standard_library_and_attrs(module: Path) -> None:
    assert foreign(module.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import cattrs",
        "import sqlalchemy.orm as orm",
        "import json, orjson",
        "from payflow_adapters.memory import stores",
        "def late():\n    from falcon import asgi",
        "if TYPE_CHECKING:\n    import psycopg",
    ],
)
def test_any_other_import_is_found(source: str) -> None:
    assert len(foreign(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "import collections.abc, attrs",
        "from attr import field",
        "from payflow_domain.money import Money",
        "from . import errors",
        "from ..money import Money",
    ],
)
def test_imports_that_are_allowed(source: str) -> None:
    assert foreign(source) == []
