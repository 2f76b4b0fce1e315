"""Lets ``python -m payflow_bootstrap`` be ``payflow``."""

from payflow_bootstrap.cli import main

main()
