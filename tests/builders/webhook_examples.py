"""The examples for partners, as they are in the docs."""

import runpy
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import payflow_domain
from payflow_adapters.webhooks.signing import signature

EXAMPLES = Path(payflow_domain.__file__).parents[1] / "docs" / "webhooks"

SECRET = f"whsec_{'a' * 32}"
EVENT_ID = "evt_01m84dvgzjes2s7w22msgv4g7v"
BODY = (
    b'{"id":"evt_01m84dvgzjes2s7w22msgv4g7v","event":"wallet.created","data":{"name":"Zo\xc3\xab"}}'
)


def mirror_example() -> Any:  # noqa: ANN401  # a script, which has no types outside of itself
    """Return the names of ``mirror.py``."""
    return SimpleNamespace(**runpy.run_path(str(EXAMPLES / "mirror.py")))


def arguments_of(at: datetime, body: bytes = BODY) -> list[str]:
    """Return what ``verify`` is told of a message of ours: id, time and signature."""
    return [EVENT_ID, str(int(at.timestamp())), signature([SECRET], EVENT_ID, at, body)]
