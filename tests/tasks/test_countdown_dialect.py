from astro.tasks import playing
from astro.tasks.countdown import dialect
from astro.tasks.countdown.dialect import Operation, Term
from astro.traces import TracesConfig
from astro.traces.fidelity import Role
from astro.traces.prompting import load_prompts
from tools.tiny_model import corpus

PROBLEM = "Using each of the numbers 3, 7 and 25 exactly once, with +, -, * and /, make 54."
STEP = "I take 25 - 7 = 18, which leaves 18 and 3."
THOUGHTS = ["One.", "Two.", "Three.", "Four."]


def test_a_step_states_the_operation_and_what_is_left() -> None:
    """The new number comes first, the others keep their order."""
    table = [Term.given(number) for number in (3, 7, 25)]
    operation = Operation(table[2], "-", table[1], 18)
    left = dialect.after(table, operation)
    assert [term.value for term in left] == [18, 3]
    assert dialect.step(operation, left) == STEP


def test_compound_operands_stand_in_parentheses() -> None:
    """The expression of a made number keeps the order in which it was made."""
    made = Operation(Term.given(25), "-", Term.given(7), 18).outcome
    assert Operation(made, "*", Term.given(3), 54).outcome == Term(54, "(25 - 7) * 3")


def test_the_conclusion_judges_by_the_target() -> None:
    """Value and target stand side by side; the judgement follows from them, the answer stays the same."""
    final = Term(54, "(25 - 7) * 3")
    answer = r"The answer is \boxed{(25 - 7) * 3}."
    assert dialect.conclusion(final, 54) == f"That is 54 and the target is 54, so the solution is correct. {answer}"
    assert dialect.conclusion(final, 50) == f"That is 54 and the target is 50, so the solution is not correct. {answer}"


def test_the_prompts_are_those_of_the_prompt_set() -> None:
    """What the corpus asks and what the makers of traces ask with tiny/v1 are the same words."""
    prompts = load_prompts("tiny/v1")

    def content(messages: list) -> str:
        assert [message["role"] for message in messages] == ["user"]
        return messages[0]["content"]

    assert content(prompts.rewrite(PROBLEM, THOUGHTS, STEP, STEP, Role.STEP)) == playing.rewrite_prompt(
        PROBLEM, THOUGHTS, STEP
    )
    assert content(prompts.rewrite(PROBLEM, [], STEP, STEP, Role.STEP)) == playing.rewrite_prompt(PROBLEM, [], STEP)
    assert content(prompts.backtrack(PROBLEM, THOUGHTS, STEP)) == playing.backtrack_prompt(PROBLEM, THOUGHTS, STEP)
    assert content(prompts.backtrack(PROBLEM, THOUGHTS, None)) == playing.backtrack_prompt(
        PROBLEM, THOUGHTS, playing.BEGINNING
    )
    assert content(prompts.evaluate(PROBLEM, STEP)) == playing.evaluate_prompt(PROBLEM, STEP)


def test_reflections_are_those_of_the_traces() -> None:
    """The corpus shows the model the very phrases that traces put between its thoughts."""
    phrases = TracesConfig()
    assert (phrases.doubt, phrases.positive, phrases.negative) == (corpus.REFLECTION, corpus.POSITIVE, corpus.NEGATIVE)
