"""The error that every part of the embedded server raises."""


class EmbeddedServerError(Exception):
    """The embedded server could not be started or stopped; the message says what to do."""
