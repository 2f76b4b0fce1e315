"""The connection that answers are written to."""

from asyncio import AbstractEventLoop, TimerHandle, Transport
from typing import Any

HEARD_SECONDS_MAX = 2.0
"""How long a caller is heard out who was told that nothing more will be said."""

UNREAD_SECONDS_MAX = 30.0
"""How long a connection that is closed waits for its caller to read what was written."""


class JoiningTransport(Transport):
    """Joins what is written in one turn of the event loop: an answer's head and its body."""

    def __init__(self, transport: Transport, loop: AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._held: list[bytes | bytearray | memoryview] = []
        self._is_finished = self._is_closed = False
        self._end: TimerHandle | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._is_finished:
            return
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)

    def _flush(self) -> None:
        held, self._held = self._held, []
        if held and not self._transport.is_closing():
            self._transport.write(b"".join(held))

    def finish(self) -> None:
        """Write nothing more, and close once the caller has, ``HEARD_SECONDS_MAX`` at most.

        Closed at once, while bytes are on their way here, TCP would take back what was written
        (RFC 9112, section 9.6).
        """
        if self.is_closing():
            return
        self._flush()
        self._is_finished = True
        self._transport.write_eof()
        self._end = self._loop.call_later(HEARD_SECONDS_MAX, self.close)

    def close(self) -> None:
        """Close once the caller has read what was written, or did not for a while."""
        if self._is_closed:
            return
        self._flush()
        self._transport.close()
        self.lost()
        self._end = self._loop.call_later(UNREAD_SECONDS_MAX, self.abort)

    def abort(self) -> None:
        self._transport.abort()

    def lost(self) -> None:
        """Wait for nothing more: the connection is gone."""
        self._is_closed = True
        if self._end is not None:
            self._end.cancel()
            self._end = None

    def is_closing(self) -> bool:
        """Tell whether nothing can be written any more."""
        return self._is_finished or self._transport.is_closing()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def get_extra_info(self, name: str, default: object = None) -> Any:  # noqa: ANN401 - asyncio's signature
        return self._transport.get_extra_info(name, default)
