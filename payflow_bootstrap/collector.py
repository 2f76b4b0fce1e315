"""Python's collector of cycles, in programs that run for long."""

import gc


def collect_seldom() -> None:
    """Look for cycles seldom; call it once what lasts has been made.

    Requests and attempts leave none behind, so what start-up made stays, and looking for more is
    seldom worth it.
    """
    gc.freeze()
    gc.set_threshold(500_000, 20, 50)
