"""The exceptions that astro.verify raises on purpose.

    VerificationError
    +-- VerifierError        a verifier cannot be built or run for this problem, whatever the response
    |   +-- UnconfinedError  programs are not run, because the sandbox lacks a protection here
    +-- MissingLibraryError  the optional library of one form of answer is not installed

A bad answer is never an exception: it is a Verdict with an outcome and a reason.
"""

from collections.abc import Sequence


class VerificationError(Exception):
    """Base of the errors that a caller can fix; the message says what is wrong, the value seen, and what to do."""


class VerifierError(VerificationError):
    """A verifier cannot be built or run for this problem, whatever the response."""


class UnconfinedError(VerifierError):
    """Programs are not run, because the sandbox lacks a protection here; the message names the setting that allows it.

    missing: the protections, by name.
    """

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(
            f"programs are not run on this machine: the sandbox has no {' and no '.join(missing)} here, so a program "
            "could reach your files, processes and network. Use Linux 5.13 or newer outside a container that forbids "
            "them (`astro doctor` shows what holds), or, if nothing here is worth protecting, set "
            "verify.unconfined_programs=true"
        )
        self.missing = tuple(missing)


class MissingLibraryError(VerificationError):
    """A form of answer needs an optional library that is not installed; the message has the install command."""

    def __init__(self, library: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs {library}, which is not installed: pip install 'astro-reasoner[{extra}]', or in a clone "
            f"pip install -e '.[{extra}]'"
        )
        self.library, self.extra = library, extra
