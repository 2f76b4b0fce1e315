"""What partners in JavaScript verify with believes our signatures too."""

import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.builders.webhook_examples import BODY, EVENT_ID, EXAMPLES, SECRET, arguments_of

INSTALL_SECONDS_MAX = 60
RUN_SECONDS_MAX = 30


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``verify.mjs`` and the package that it needs."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are not installed here")
    folder = tmp_path_factory.mktemp("node")
    for name in ("package.json", "verify.mjs"):
        shutil.copy(EXAMPLES / name, folder)
    install = ["npm", "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        installed = subprocess.run(  # noqa: S603  # a fixed command
            [*install, "--fetch-retries=0", "--fetch-timeout=20000", "--prefer-offline"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=INSTALL_SECONDS_MAX,
        )
    except subprocess.TimeoutExpired:
        pytest.skip("the npm registry does not answer")
    if installed.returncode:
        pytest.skip(f"npm cannot install standardwebhooks: {installed.stderr.strip()[:300]}")
    return folder


def verify(folder: Path, body: bytes) -> subprocess.CompletedProcess[bytes]:
    """Run ``verify.mjs`` on a message whose signature is that of ``BODY``."""
    return subprocess.run(  # noqa: S603  # our own script
        ["node", "verify.mjs", *arguments_of(datetime.now(UTC))],  # noqa: S607  # whichever there is
        cwd=folder,
        env={**os.environ, "WEBHOOK_SECRET": SECRET},
        input=body,
        capture_output=True,
        check=False,
        timeout=RUN_SECONDS_MAX,
    )


def test_verify_mjs_believes_what_we_sign_and_nothing_else(example: Path) -> None:
    believed = verify(example, BODY)
    doubted = verify(example, BODY + b" ")

    assert believed.stdout.decode() == f"wallet.created {EVENT_ID}\n", believed.stderr.decode()
    assert doubted.returncode == 1
    assert b"WebhookVerificationError" in doubted.stderr
