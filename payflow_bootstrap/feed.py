"""A partner's feed of events, read over the REST API."""

from collections.abc import Sequence
from http import HTTPStatus

from attrs import frozen

from payflow_bootstrap.demo.client import Client, Json, Unreachable

PAGE_LENGTH = 100


class Refused(Exception):
    """The API does not let us read the feed; the message says why."""


@frozen
class Feed:
    """Every call raises ``Unreachable`` if it is worth while to ask again, else ``Refused``."""

    client: Client

    def after(self, sequence: int, limit: int = PAGE_LENGTH) -> Sequence[Json]:
        """Return the next events after a number, oldest first."""
        answer = self.client.get(f"/events?after={sequence}&limit={limit}")
        if answer.status == HTTPStatus.OK:
            events: Sequence[Json] = answer.json["data"]
            return events
        problem = answer.json.get("detail", answer.status)
        is_busy = answer.status == HTTPStatus.TOO_MANY_REQUESTS
        if is_busy or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Unreachable(f"{self.client.base_url} is not ready: {problem}")
        raise Refused(f"{self.client.base_url} refuses: {problem}")

    def end(self) -> int:
        """Return the number of the last event: it is found by halving, as there are no gaps."""
        low, high = 0, 1
        while self._goes_beyond(high):
            low, high = high, 2 * high
        while low < high:
            middle = (low + high) // 2
            if self._goes_beyond(middle):
                low = middle + 1
            else:
                high = middle
        return low

    def _goes_beyond(self, sequence: int) -> bool:
        return bool(self.after(sequence, 1))
