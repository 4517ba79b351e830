"""The one exception whose message is written for the person who runs the engine."""


class EngineError(Exception):
    """Something the user or the client can act on; reported as one `error` line.

    The message names the thing at fault, the value received and, where one exists, the remedy.
    """


class StreamEndedError(EngineError):
    """The client closed the data socket. An error only while the session still wants batches."""
