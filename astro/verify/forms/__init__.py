"""The forms of answer that can be verified: one module each, listed once in FORMS.

A form is a module with these functions. Only verify is required; docs/verify/adding-a-form.md has a worked example.

    verify(problem: Subject, extraction: Extraction, config: VerifyConfig) -> Verdict | None
        Grades the extracted answer in the caller's process and thread, so it is pure, takes at most a few milliseconds
        whatever the answer is, and never raises because of an answer. It returns None when only a worker can decide.
        extraction.answer is never None here. extraction.parts is not empty when the response gives several different
        answers side by side: return MALFORMED unless the gold answer is a list. An unreadable gold answer is
        Outcome.ERROR, never a reward. Raises MissingLibraryError where the form's optional library is absent.
    settle(problem, extraction, config) -> Verdict
        Decides in a worker process, after verify returned None. The worker is killed at config.deadline.
    allowed_seconds(problem, config) -> float
        How long settle may take, where that is not config.deadline (programs: their sandboxes have their own clocks).
    read(response: str, config: VerifyConfig) -> Extraction
        Finds the final answer, where that is not a boxed or stated expression (a program, a proof). The default is
        extraction.extract. Start from extraction.after_reasoning, which returns None when the reasoning never ends.
    SETTLES_QUICKLY
        True where settle usually takes less than a millisecond: verify_many then sends many answers in one message.
    second_opinion(problem, extraction, config) -> bool | None
        Runs in a worker: whether a library that shares no code with verify finds the answer equal to the gold answer.
    check_machine(config: VerifyConfig) -> None
        Raises VerifierError if no answer can be verified on this machine with these settings.
    check_gold(problem: Subject) -> str | None
        Why the gold answer, or the metadata the form needs, cannot be used, or None. Called when problems are loaded.
    gold_caveat(problem: Subject) -> str | None
        Why only an answer written like the gold answer can be graded, or None when others can, too.
    warm() -> None
        Imports and warms up what settle needs. Called once in the server that forks the workers.

A Verdict has the outcome, the answer (extraction.answer), the reason and, where there is one, a canonical form; the
Verifier sets the seconds. The outcome is UNANSWERED without a final answer, MALFORMED for an answer that is ambiguous,
unreadable or too large, and INCORRECT for a wrong one.
"""

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType

from astro.verify.errors import VerifierError

FORMS: Mapping[str, str] = {
    task: f"{__name__}.{task}" for task in ("math", "countdown", "mcq", "qa", "code", "logic", "chem", "bio")
}
"""The built-in forms: the module of each, by the task of the problems it verifies."""


def unknown_task(task: str, forms: Mapping[str, str]) -> str | None:
    """Why no form verifies this task, or None."""
    return None if task in forms else f"no verifier for task {task!r}; known: {', '.join(forms)}"


def load_form(task: str, forms: Mapping[str, str]) -> ModuleType:
    """Import the module that verifies a task.

    Raises VerifierError if forms does not list the task, or its module cannot be imported or has no verify function.
    """
    if mistake := unknown_task(task, forms):
        raise VerifierError(mistake)
    try:
        form = import_module(forms[task])
    except ImportError as error:
        raise VerifierError(f"the form {forms[task]!r} of task {task!r} cannot be imported: {error}") from error
    if not hasattr(form, "verify"):
        raise VerifierError(f"the form {forms[task]!r} of task {task!r} has no function verify")
    return form
