"""Why an answer cannot be read."""


class UnreadableError(Exception):
    """The text is not an answer this package can read; the message is the reason of a MALFORMED verdict."""


class TooLargeError(UnreadableError):
    """The text is well formed, but deeper, longer or astronomically larger than any real answer."""
