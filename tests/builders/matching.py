"""Values that stand for any value of their form, so that a whole answer can be compared at once."""

import re

from attrs import frozen


@frozen(eq=False)
class Matching:
    """Equals every string of that form."""

    form: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and re.fullmatch(self.form, other) is not None

    __hash__ = None  # type: ignore[assignment]  # equals many values that differ


def any_id(prefix: str) -> Matching:
    """Match the ids of one kind: the prefix and a UUID of version 7 in Crockford's base32."""
    return Matching(rf"{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}")


ANY_TIME = Matching(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
