"""What a value of a body is refused with, before its place in the body is known."""

from payflow_http.problems import Fault


class Refused(ValueError):
    """A value that a hook does not take; its faults are placed from the value itself."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(faults)
        self.faults = faults


def refused(code: str, detail: str) -> Refused:
    """Refuse a value as a whole."""
    return Refused(Fault("", code, detail))


def string(value: object) -> str:
    """Return a string; raises ``Refused``."""
    if type(value) is str:
        return value
    raise refused("invalid_type", "Use a string.")
