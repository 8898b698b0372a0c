"""Short answers in words; a problem may accept several."""

from astro.records.problem import Problem
from astro.tasks.row import Gold
from astro.tasks.task import Task
from astro.verify import VerifyConfig, extract
from astro.verify.forms import qa


def token_f1(problem: Problem, response: str, config: VerifyConfig) -> float:
    """Best token F1 of the final answer against the accepted answers.

    An answer more than 1.5 times as long as the longest accepted one earns 0, so that lists of guesses do not pay.
    """
    golds = qa.accepted(problem.answer)
    answer = extract(response, config.answer_format, statements=config.statements).answer or ""
    longest = max(len(qa.normalize(gold).split()) for gold in golds)
    fits = len(qa.normalize(answer).split()) <= 1.5 * longest + 1
    return max(qa.token_f1(answer, gold) for gold in golds) if fits else 0.0


QA = Task("qa", "astro.verify.forms.qa", gold=Gold(structured=True), credits={"token_f1": token_f1})
