"""The one error of the embedded servers."""


class EmbeddedError(RuntimeError):
    """An embedded server cannot run here; the message says why and what to do."""
