"""The exceptions that astro.verify raises on purpose.

    VerificationError
    +-- VerifierError        a verifier cannot be built or run for this problem, whatever the response
    +-- MissingLibraryError  the optional library of one form of answer is not installed

A bad answer is never an exception: it is a Verdict with an outcome and a reason.
"""


class VerificationError(Exception):
    """Base of the errors that a caller can fix; the message says what is wrong, the value seen, and what to do."""


class VerifierError(VerificationError):
    """A verifier cannot be built or run for this problem, whatever the response."""


class MissingLibraryError(VerificationError):
    """A form of answer needs an optional library that is not installed; the message has the install command."""

    def __init__(self, library: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs {library}, which is not installed: pip install 'astro-reasoner[{extra}]', or in a clone "
            f"pip install -e '.[{extra}]'"
        )
        self.library, self.extra = library, extra
