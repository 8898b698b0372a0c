import io
from dataclasses import replace
from types import SimpleNamespace

import pytest
from pydantic import ValidationError
from rich.console import Console
from training_runs import MODEL
from transformers import AutoTokenizer

from astro.errors import ConfigError
from astro.models.prompt_settings import PromptConfig, PromptStyle
from astro.models.prompting import PromptFormat
from astro.records.problem import Problem
from astro.train.checkpoint import StageCheckpoint
from astro.train.grpo_settings import GrpoConfig
from astro.train.prompts import rl_prompts
from astro.train.recorder import Recorder
from astro.train.reward_settings import LengthConfig, RewardName, RewardsConfig
from astro.train.rollouts import Rollouts
from astro.train.sampling import Prompt, Rolled, TrlGroups
from astro.train.scoring import Scorer, Solution
from astro.verify import Verifier


def prompt(number: int) -> Prompt:
    return Prompt(Problem(f"p{number}", f"{number} + 0?", str(number), "math"), f"{number} + 0?", (5, number))


class Scripted:
    """Answers even problems half right, odd ones never."""

    def __init__(self):
        self.asked = []

    def sample(self, prompts, n, trainer, salt):
        self.asked.append([one.problem.id for one in prompts])
        return [
            [
                Rolled(
                    rf"\boxed{{{one.problem.answer if i % 2 and int(one.problem.answer) % 2 == 0 else -1}}}",
                    (7, 1),
                    True,
                    (-0.5, -0.1),
                )
                for i in range(n)
            ]
            for one in prompts
        ]


def fake_trainer(**args):
    """The part of a trainer that a rollout reads."""
    options = {"use_vllm": False, "vllm_mode": "colocate", "vllm_tensor_parallel_size": 1}
    options |= {"vllm_enable_sleep_mode": False, **args}
    return SimpleNamespace(
        args=SimpleNamespace(**options),
        num_generations=4,
        model=SimpleNamespace(training=True),
        state=SimpleNamespace(global_step=0),
        accelerator=SimpleNamespace(num_processes=1),
    )


@pytest.fixture
def rolling(tmp_path):
    """Rollouts over eight problems, made with a number of rounds."""
    sampler, verifier = Scripted(), Verifier()

    def make(resample: int, **options) -> tuple[Rollouts, Scripted, Recorder]:
        recorder = Recorder(StageCheckpoint(tmp_path / "s"), Console(file=io.StringIO()), "t")
        scorer = Scorer(RewardsConfig(wrong=-1.0), verifier, 100)
        prompts = [prompt(number) for number in range(8)]
        return Rollouts(prompts, sampler, scorer, recorder, seed=0, resample=resample, **options), sampler, recorder

    yield make
    verifier.close()


def test_one_row_comes_back_for_each_prompt(rolling):
    """TRL hands over each prompt once for every completion, and wants as many rows."""
    rollouts, _, _ = rolling(0)
    columns = rollouts([prompt(number).text for number in (2, 4) for _ in range(4)], fake_trainer())
    assert {len(rows) for rows in columns.values()} == {8}
    assert columns["prompt_ids"][:4] == [[5, 2]] * 4
    assert columns["logprobs"][0] == [-0.5, -0.1]
    assert columns["scored_correctness"] == [-1.0, 1.0] * 4
    (read,) = rollouts.reward_functions()
    assert read.__name__ == "correctness"
    logged = {}
    assert read([], [], log_metric=logged.__setitem__, **columns) == columns["scored_correctness"]
    assert logged["accuracy"] == 0.5


@pytest.mark.parametrize(("opens_thought", "correct"), [(True, [True, False, True]), (False, [True, True, True])])
def test_a_thought_that_was_cut_off_earns_nothing(opens_thought, correct):
    """Where the prompts open the thought, an answer in it counts only if the model ended it, or the response."""
    verifier = Verifier()
    scorer = Scorer(RewardsConfig(), verifier, 100, opens_thought=opens_thought)
    said = [(r"\boxed{2}", True), (r"\boxed{2}. Then the", False), (r"</think>\boxed{2}. Then the", False)]
    scores = scorer.score([Solution(prompt(2).problem, text, 20, finished) for text, finished in said])
    assert scores.correct == correct
    scorer = Scorer(RewardsConfig(weights={RewardName.FORMAT: 1.0}), verifier, 100, opens_thought=opens_thought)
    given = scorer.score([Solution(prompt(2).problem, text, 20, finished) for text, finished in said]).totals
    verifier.close()
    assert given == [float(earned) for earned in correct]


def test_groups_without_variance_are_counted(rolling):
    """Without rounds they stay, and the log says how many."""
    rollouts, sampler, recorder = rolling(0)
    columns = rollouts([prompt(number).text for number in (1, 2) for _ in range(4)], fake_trainer())
    assert columns["id"] == ["p1"] * 4 + ["p2"] * 4
    assert (rollouts.figures["groups_flat"], rollouts.figures["groups_left"]) == (0.5, 0.5)
    assert recorder.counts == {"groups": 2, "groups_flat": 1, "generated_tokens": 16, "ungraded": 0}
    assert len(sampler.asked) == 1


def test_groups_without_variance_are_replaced(rolling):
    """Other prompts are sampled for them, for as many rounds as it takes or as are allowed; none comes twice."""
    rollouts, sampler, _ = rolling(8)
    columns = rollouts([prompt(number).text for number in (1, 3) for _ in range(4)], fake_trainer())
    assert rollouts.figures == {
        "accuracy": 0.0, "ungraded": 0.0, "completion_length": 2.0, "backtracks": 0.0, "finished": 1.0,
        "groups_flat": 1.0, "groups_replaced": 2.0, "groups_left": 0.0,
    }  # fmt: skip
    chosen = set(columns["id"])
    assert len(chosen) == 2
    assert all(int(name[1:]) % 2 == 0 for name in chosen)
    asked = [name for call in sampler.asked for name in call]
    assert len(asked) == len(set(asked))


def answered(numbers, lengths) -> list[Rolled]:
    """Completions of these answers and these lengths."""
    return [Rolled(rf"\boxed{{{number}}}", (7,) * size, True) for number, size in zip(numbers, lengths, strict=True)]


@pytest.mark.parametrize("answer", [1, -1])
@pytest.mark.parametrize("also", [RewardName.OVERLONG, RewardName.LENGTH, RewardName.FORMAT])
def test_groups_are_judged_by_accuracy_whatever_else_is_rewarded(tmp_path, answer, also):
    """All right or all wrong, a group counts as flat and has no advantage, although its other rewards differ."""
    verifier = Verifier()
    scorer = Scorer(RewardsConfig(weights={RewardName.CORRECTNESS: 1.0, also: 0.5}), verifier, 16)
    recorder = Recorder(StageCheckpoint(tmp_path / "s"), Console(file=io.StringIO()), "t")
    one = replace(prompt(1), wanted=5)
    completions = answered([answer] * 4, (10, 12, 14, 16))
    if also is RewardName.FORMAT:
        completions[0] = replace(completions[0], text=f"The answer is {answer}.")
    sampler = SimpleNamespace(sample=lambda *_: [completions])
    rollouts = Rollouts([one], sampler, scorer, recorder, seed=0, resample=2)
    columns = rollouts([one.text] * 4, fake_trainer())
    verifier.close()
    assert (rollouts.figures["groups_flat"], rollouts.figures["groups_left"]) == (1.0, 1.0)
    assert all(len(set(columns[f"scored_{name}"])) == 1 for name in ("correctness", also))


def test_a_mixed_group_keeps_all_its_rewards(tmp_path):
    """Right and wrong completions: the reward overlong still tells long from short."""
    verifier = Verifier()
    weights = {RewardName.CORRECTNESS: 1.0, RewardName.OVERLONG: 0.5}
    scorer = Scorer(RewardsConfig(weights=weights, overlong_buffer=4), verifier, 16)
    recorder = Recorder(StageCheckpoint(tmp_path / "s"), Console(file=io.StringIO()), "t")
    sampler = SimpleNamespace(sample=lambda *_: [answered([1, -1, 1, -1], (10, 12, 14, 16))])
    rollouts = Rollouts([prompt(1)], sampler, scorer, recorder, seed=0, resample=0)
    columns = rollouts([prompt(1).text] * 4, fake_trainer())
    verifier.close()
    assert columns["scored_overlong"] == [0.0, 0.0, -0.5, -1.0]
    assert rollouts.figures["groups_flat"] == 0.0


def test_what_could_not_be_graded_has_no_reward_at_all():
    """Under any weights: a completion whose gold answer cannot be read is no evidence, however long it is."""
    verifier = Verifier()
    weights = {RewardName.CORRECTNESS: 1.0, RewardName.OVERLONG: 0.5, RewardName.FORMAT: 0.1}
    scorer = Scorer(RewardsConfig(weights=weights, wrong=-1.0), verifier, 16)
    unusable = Problem("p", "?", "", "math")
    scores = scorer.score([Solution(unusable, r"\boxed{1}", 15, finished=True), *graded()])
    verifier.close()
    assert scores.totals[0] is None
    assert {reward[0] for reward in scores.rewards.values()} == {None}
    assert scores.correct == [None, True, False]
    assert None not in scores.totals[1:]


def graded() -> list[Solution]:
    """A right and a wrong solution of 1 + 0."""
    return [Solution(prompt(1).problem, rf"\boxed{{{number}}}", 4, finished=True) for number in (1, 2)]


def test_accuracy_is_that_of_what_was_graded(tmp_path):
    """One right of two graded, and two that could not be: half, not a quarter."""
    verifier = Verifier()
    scorer = Scorer(RewardsConfig(), verifier, 16)
    recorder = Recorder(StageCheckpoint(tmp_path / "s"), Console(file=io.StringIO()), "t")
    broken = Prompt(Problem("p9", "?", "", "math"), "?", (5, 9))
    sampler = SimpleNamespace(sample=lambda prompts, *_: [answered([1, 2], (3, 3)) for _ in prompts])
    rollouts = Rollouts([prompt(1), broken], sampler, scorer, recorder, seed=0, resample=0)
    trainer = fake_trainer()
    trainer.num_generations = 2
    rollouts([prompt(1).text] * 2 + ["?"] * 2, trainer)
    verifier.close()
    assert (rollouts.figures["accuracy"], rollouts.figures["ungraded"]) == (0.5, 0.5)
    assert recorder.counts["ungraded"] == 2


def test_what_was_cut_off_can_be_left_out_of_the_loss(rolling):
    """All tokens of a completion that did not come to an end."""
    rollouts, sampler, _ = rolling(0, mask_unfinished=True)
    ended = [Rolled("a", (7, 8), finished) for finished in (True, False, True, True)]
    sampler.sample = lambda prompts, n, trainer, salt: [ended]
    assert rollouts([prompt(1).text] * 4, fake_trainer())["env_mask"] == [[1, 1], [0, 0], [1, 1], [1, 1]]


def test_rounds_are_bounded(rolling):
    """One round for two lacking groups asks for two other prompts."""
    rollouts, sampler, _ = rolling(1)
    rollouts([prompt(number).text for number in (1, 3) for _ in range(4)], fake_trainer())
    assert [len(call) for call in sampler.asked] == [2, 2]


def test_a_curriculum_is_kept_by_what_replaces(rolling):
    """In an order that means something, groups are replaced by the nearest of those that lie before and after."""
    rollouts, sampler, _ = rolling(1, curriculum=True)
    rollouts([prompt(number).text for number in (5,) for _ in range(4)], fake_trainer())
    assert sampler.asked[1] in (["p4"], ["p6"])


def test_prompts_may_be_repeated(tmp_path):
    """A step with fewer prompts than it needs repeats them, and samples them again."""
    recorder = Recorder(StageCheckpoint(tmp_path / "s"), Console(file=io.StringIO()), "t")
    few = [prompt(1), prompt(2)]
    rollouts = Rollouts([*few, *few], Scripted(), None, recorder, seed=0, resample=0)
    assert rollouts.texts == [one.text for one in (*few, *few)]


@pytest.mark.parametrize("sleeps", [False, True])
def test_processes_with_engines_of_their_own_replace(rolling, sleeps):
    """Unless the engines sleep between generations: TRL has all processes wake them together."""
    rollouts, sampler, _ = rolling(1)
    trainer = fake_trainer(use_vllm=True, vllm_enable_sleep_mode=sleeps)
    trainer.accelerator.num_processes = 2
    rollouts([prompt(1).text] * 4, trainer)
    assert len(sampler.asked) == (1 if sleeps else 2)


def test_a_response_ends_at_its_stop_string():
    """transformers' generation knows no stop strings: what was said after one is cut off, token by token."""
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    ids = tokenizer("The answer is 5.\n\nProblem: and so on", add_special_tokens=False)["input_ids"]

    class Trainer:
        processing_class, eos_token_ids = tokenizer, [tokenizer.eos_token_id]

        def _generate_single_turn(self, *_):
            return [ids, ids[:4]], [[-0.5] * len(ids), [-0.5] * 4]

    (ended, other), *_ = TrlGroups(("\n\nProblem:",)).sample([prompt(1)], 2, Trainer(), ())
    assert ended.text.endswith("\n\nProblem:")
    assert tokenizer.decode(ended.token_ids) == ended.text
    assert len(ended.logprobs) == len(ended.token_ids) < len(ids)
    assert (ended.finished, other.finished) == (True, False)
    assert other.token_ids == tuple(ids[:4])


def test_processes_that_share_a_generator_do_not_replace(rolling):
    """With vLLM in server mode all processes sample together, so none may sample more often than others."""
    rollouts, sampler, _ = rolling(8)
    trainer = fake_trainer(use_vllm=True, vllm_mode="server")
    trainer.accelerator.num_processes = 2
    rollouts([prompt(1).text] * 4, trainer)
    assert len(sampler.asked) == 1


ROWS = [
    {
        "id": f"p{index}",
        "prompt": [{"role": "user", "content": f"{index} + 0?"}],
        "answer": str(index),
        "task": "math",
        "pass_rate": rate,
    }
    for index, rate in enumerate([0.0, 0.5, 0.9, 0.1, 1.0, None])
]


@pytest.fixture(scope="module")
def prompt_format(made_run):
    return PromptFormat(made_run.prompt, AutoTokenizer.from_pretrained(MODEL))


def test_prompts_lie_in_the_band(prompt_format):
    """What was always or never solved is left out; what was never measured stays."""
    found = rl_prompts(ROWS, GrpoConfig(), prompt_format, {}, 0)
    assert [one.problem.id for one in found] == ["p1", "p2", "p3", "p5"]


def test_a_curriculum_begins_with_the_easy(prompt_format):
    """By the pass rate that the search measured."""
    found = rl_prompts(ROWS[:5], GrpoConfig(curriculum=True), prompt_format, {}, 0)
    assert [one.pass_rate for one in found] == [0.9, 0.5, 0.1]


def test_prompts_of_another_run_are_asked_once(prompt_format):
    """A row of rl holds the whole turn that its run asks with; asked again, the instruction stands there once."""
    chat = PromptFormat(PromptConfig(style=PromptStyle.PLAIN), prompt_format.tokenizer)
    (turn,) = chat.training_messages("1 + 0?")
    assert chat.instruction in turn["content"]
    (found,) = rl_prompts([{**ROWS[1], "prompt": [turn]}], GrpoConfig(), chat, {}, 0)
    assert found.ids == tuple(chat.solve_ids("1 + 0?"))
    (other,) = rl_prompts([{**ROWS[1], "prompt": "?", "problem": "1 + 0?"}], GrpoConfig(), chat, {}, 0)
    assert other.ids == found.ids


@pytest.mark.parametrize(
    "options", [{"top_p": 0.95}, {"top_k": 20}, {"min_p": "0.1"}, {"generation_kwargs": {"top_p": 0.9}}]
)
def test_sampling_from_a_part_of_the_policy_is_refused(options):
    """Its gradient is not that of what was sampled; neutral values are taken."""
    with pytest.raises(ValidationError, match="GRPO's gradient would be biased"):
        GrpoConfig(trainer=options)
    neutral = {"top_p": 1.0, "top_k": -1, "min_p": None, "temperature": 0.7}
    assert GrpoConfig(trainer=neutral).trainer == neutral


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"answer": None}, "answer = None"),
        ({"answer": 27.0}, r"answer = 27\.0"),
        ({"id": 7, "prompt": None}, "id = 7, prompt = None"),
        ({"metadata": "{numbers"}, "row 1: the metadata of p1 is not JSON"),
        ({"task": "chess"}, "row 1: p1 cannot be graded: no verifier for task 'chess'"),
    ],
)
def test_a_row_that_could_not_be_graded_is_named(prompt_format, changes, message):
    """Before a model is loaded, not in the middle of a step."""
    with pytest.raises(ConfigError, match=message):
        rl_prompts([{**ROWS[1], **changes}], GrpoConfig(), prompt_format, {}, 0)


def test_all_rows_that_could_not_be_graded_are_named(prompt_format):
    """One message has every bad row of the file, by its number; good ones are not in it."""
    rows = [ROWS[0], {**ROWS[1], "answer": None}, ROWS[2], {**ROWS[3], "task": "chess"}]
    with pytest.raises(ConfigError) as found:
        rl_prompts(rows, GrpoConfig(), prompt_format, {}, 0)
    assert [line.partition(":")[0] for line in str(found.value).splitlines()] == [
        "grpo.data, row 2",
        "grpo.data, row 4",
    ]


def test_the_wanted_length_is_in_the_prompt(prompt_format):
    """Drawn for each prompt, the same in every start."""
    rewards = RewardsConfig(
        weights={RewardName.CORRECTNESS: 1.0, RewardName.LENGTH: 1.0}, length=LengthConfig(low=10, high=99)
    )
    config = GrpoConfig(rewards=rewards)
    found = rl_prompts(ROWS, config, prompt_format, {}, 0)
    assert found == rl_prompts(ROWS, config, prompt_format, {}, 0)
    assert all(f"Think for {one.wanted} tokens." in one.text and 10 <= one.wanted <= 99 for one in found)
    assert len({one.wanted for one in found}) > 1
    assert found[0].ids == tuple(prompt_format.solve_ids(found[0].text))


def test_a_sentence_of_ones_own_may_hold_other_braces(prompt_format):
    """Only {tokens} stands for the number: LaTeX is left as it is."""
    length = LengthConfig(low=7, high=7, instruction="Answer in \\boxed{} after {tokens} tokens.")
    config = GrpoConfig(rewards=RewardsConfig(weights={RewardName.LENGTH: 1.0}, length=length))
    found = rl_prompts(ROWS[1:2], config, prompt_format, {}, 0)
    assert found[0].text == "1 + 0?\n\nAnswer in \\boxed{} after 7 tokens."
