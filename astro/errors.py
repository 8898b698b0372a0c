"""The exceptions ASTRO raises on purpose. Anything else that escapes is a bug.

    AstroError
    +-- ConfigError             a configuration that cannot be run (all mistakes in one message)
    |   +-- NothingToTrainError a training whose data sets have no row for it
    +-- ProblemsError           a problem file that cannot be used at all
    +-- MissingDependencyError  an optional library is not installed (the message names the install line)
    +-- SamplingError           the language model could not answer, or none of its answers could be graded
    |   +-- EngineDeadError     the engine has stopped and cannot serve any further request in this process
    |       +-- BudgetSpentError the tokens that the configuration allows are used up
    +-- StoreError              a run directory that is damaged or belongs to another run
    +-- JobError                a command that a pipeline started failed
    VerificationError           raised by astro.verify, which imports nothing else of astro
    +-- VerifierError           a verifier was asked for something it cannot do (never a wrong answer)
    +-- MissingLibraryError     the library of one form of answer is not installed

EXPECTED_ERRORS holds both roots, for code that turns an error into a message. A bad model output is never an exception:
it is recorded on its row with the reason.
"""

from astro.verify.errors import VerificationError


class AstroError(Exception):
    """Base of every error a user can cause or fix; the message says what is wrong, the value seen, and what to do."""


class ConfigError(AstroError):
    """The configuration cannot be run. The message lists every mistake, one a line."""


class NothingToTrainError(ConfigError):
    """The data sets exist but hold no row for this training; other stages are not affected."""


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
    """The engine has stopped. The run stops too; the same command resumes it."""


class BudgetSpentError(EngineDeadError):
    """The engine has used the tokens that it may use. A larger budget resumes the run."""


class StoreError(AstroError):
    """A run directory is damaged, or was made by another configuration."""


class JobError(AstroError):
    """A command that a pipeline started failed; the message ends with the last lines of its output."""


EXPECTED_ERRORS: tuple[type[Exception], ...] = (AstroError, VerificationError)
"""Every error that ASTRO raises on purpose: `except EXPECTED_ERRORS`."""
