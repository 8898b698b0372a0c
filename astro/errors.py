"""The exceptions ASTRO raises on purpose. Anything else that escapes is a bug.

    AstroError
    +-- ConfigError             a configuration that cannot be run (all mistakes in one message)
    |   +-- NothingToTrainError ... since no row of its data can be trained on
    +-- ProblemsError           a problem file that cannot be used at all
    +-- MissingDependencyError  an optional library is not installed (the message names the install line)
    +-- SamplingError           the language model could not answer, or nothing that it answered could be graded
    |   +-- EngineDeadError     ... and never will again in this process
    +-- StoreError              a run directory that is damaged or belongs to another run
    +-- JobError                a command that a pipeline started failed
    VerificationError           of astro.verify, which stands alone
    +-- VerifierError           a verifier was asked for something it cannot do (never a wrong answer)
    +-- MissingLibraryError     the library of one form of answer is not installed

MENDABLE holds both roots, for the code that turns an error into a message. A bad output of a model is never an
exception: it is recorded on its row with the reason.
"""

from astro.verify.errors import VerificationError


class AstroError(Exception):
    """Base of every error a user can cause or mend; its message says what is wrong, the value seen, and what to do."""


class ConfigError(AstroError):
    """The configuration cannot be run. The message lists every mistake, one a line."""


class NothingToTrainError(ConfigError):
    """The data sets are made, and hold nothing for this training; other stages are none the worse for it."""


class ProblemsError(AstroError):
    """A problem file cannot be used: missing, unreadable, or without one good row."""


class MissingDependencyError(AstroError):
    """An optional library is needed and absent."""

    def __init__(self, library: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs {library}, which is not installed: pip install 'astro-reasoner[{extra}]', or in a clone "
            f"pip install -e '.[{extra}]'"
        )
        self.library, self.extra = library, extra


class SamplingError(AstroError):
    """The engine refused or lost a request, or every tree of a run failed."""


class EngineDeadError(SamplingError):
    """The engine is gone; the run stops and can be continued by the same command."""


class StoreError(AstroError):
    """A run directory is damaged, or was made by another configuration."""


class JobError(AstroError):
    """A command that a pipeline started failed; the message has the end of what it printed."""


MENDABLE: tuple[type[Exception], ...] = (AstroError, VerificationError)
"""Every error that ASTRO raises on purpose: `except MENDABLE`."""
