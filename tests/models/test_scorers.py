import asyncio
import math

import pytest

from astro.config import Section, validate
from astro.errors import ConfigError, SamplingError
from astro.models import PromptConfig, PromptFormat, ScriptedConfig
from astro.models.asking import Model
from astro.models.engines.scripted import ScriptedSampler
from astro.models.scorers import ScorerConfig
from astro.models.scorers.judge import JudgeScorerConfig
from astro.models.scorers.reward_model import Aggregate, Head, RewardModelConfig
from astro.records.problem import Problem

PROBLEM = Problem("p", "1 + 1?", "2", "math")


class Run(Section):
    scorer: ScorerConfig


def asked(script):
    """A function that opens a model with this script, whatever the sections."""
    sampler = ScriptedSampler(script)
    model = Model(sampler, PromptFormat(PromptConfig(), sampler.tokenizer))
    return lambda _engine, _prompt: model


def scored(scorer, *solutions):
    async def run():
        return list((await scorer.score(PROBLEM, list(solutions))).values)

    return asyncio.run(run())


def test_a_judge_s_value_is_the_share_of_yes():
    """Seeds 0 and 1 of four say yes, 2 says no, 3 cannot be read: 2 of 3."""
    replies = ("Yes.", "yes", "No.", "Who knows")
    scorer = JudgeScorerConfig(votes=4).open(asked(lambda _, seed: replies[seed % 4]), 7)
    assert scored(scorer, "1 + 1 = 2") == [2 / 3]


def test_a_judges_cost_is_that_of_its_replies():
    """Two solutions, one request of two votes each; a reply has four bytes and the end of its turn."""
    scorer = JudgeScorerConfig(votes=2).open(asked(lambda *_: "Yes."), 7)
    cost = asyncio.run(scorer.score(PROBLEM, ["a", "b"])).cost
    assert (cost.calls, cost.generated_tokens) == (2, 2 * 2 * 5)
    assert cost.prompt_tokens > 0


def test_a_judge_sees_the_problem_and_the_solution():
    """Each solution is asked about by itself, in the order given."""
    scorer = JudgeScorerConfig(votes=1).open(asked(lambda prompt, _: "Yes" if "= 2" in prompt else "No"), 7)
    assert scored(scorer, "1 + 1 = 2", "1 + 1 = 3") == [1.0, 0.0]


def test_a_judge_that_says_nothing_readable_gives_no_value():
    """A missing value is not a value of 0."""
    assert scored(JudgeScorerConfig().open(asked(lambda *_: "Hm."), 7), "x") == [None]


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    """A folder with a tiny BERT of random weights for a head and a number of labels."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")

    def make(head: str, labels: int) -> str:
        folder = tmp_path_factory.mktemp("reward")
        torch.manual_seed(labels)
        words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"0123456789+=?xy"]
        (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
        transformers.BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
        config = transformers.BertConfig(
            vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
            max_position_embeddings=32, num_labels=labels, pad_token_id=0,
        )  # fmt: skip
        getattr(transformers, f"BertFor{head}Classification")(config).save_pretrained(folder)
        return str(folder)

    return make


@pytest.mark.parametrize("labels", [1, 2])
def test_an_outcome_reward_model_is_asked_for_the_whole_text(bert, labels):
    """One label: its sigmoid. Two: the softmax's probability of the second. Texts of other lengths change nothing."""
    folder = bert("Sequence", labels)
    found = scored(RewardModelConfig(model=folder).open(asked(str), 0), "1+1=2", "3", "x")
    assert all(0 < value < 1 for value in found)
    expected = scored(RewardModelConfig(model=folder, batch=1).open(asked(str), 0), "1+1=2", "3", "x")
    assert found == pytest.approx(expected, abs=1e-5)
    assert len(set(found)) == 3


@pytest.mark.parametrize(
    ("aggregate", "combine"), [(Aggregate.LAST, lambda v: v[-1]), (Aggregate.MIN, min), (Aggregate.PRODUCT, math.prod)]
)
def test_a_process_reward_model_is_read_at_the_end_of_each_step(bert, aggregate, combine):
    """Two steps, two values, combined as the setting says; before the first step, as at the root of a tree, 1."""
    folder = bert("Token", 2)
    from astro.models.scorers.classifier import Classifier

    classifier = Classifier(folder, "auto", by_token=True)
    config = RewardModelConfig(model=folder, head=Head.STEPS, aggregate=aggregate)
    reward = config.open(asked(str), 0)
    text = reward._text(PROBLEM.prompt, "1+1\n\n=2")
    assert len(text.ends) == 2
    import torch

    with torch.inference_mode():
        row = classifier._model(torch.tensor([text.token_ids])).logits[0].softmax(-1)[:, 1]
    values = [float(row[end]) for end in text.ends]
    assert scored(reward, "1+1\n\n=2", "") == [pytest.approx(combine(values), abs=1e-5), 1.0]


def test_a_text_beyond_the_window_is_refused(bert):
    """The search records the reason at the node."""
    with pytest.raises(SamplingError, match="reads 32 tokens; problem and solution have"):
        scored(RewardModelConfig(model=bert("Sequence", 1)).open(asked(str), 0), "1 + 1 = 2 " * 20)


def test_a_model_without_the_head_is_refused(bert):
    """A language model has a random head: its values would mean nothing."""
    transformers = pytest.importorskip("transformers")
    folder = bert("Sequence", 2)
    transformers.BertModel.from_pretrained(folder).save_pretrained(folder)
    with pytest.raises(ConfigError, match="has no trained head"):
        RewardModelConfig(model=folder).open(asked(str), 0)


def test_a_scorer_is_checked_before_it_is_opened():
    """By its place in the configuration."""
    with pytest.raises(ConfigError, match=r"roles\.scorer\.model: folder"):
        RewardModelConfig(model="./nowhere").check("roles.scorer")
    with pytest.raises(ConfigError, match=r"roles\.scorer\.engine\.options\.skil"):
        JudgeScorerConfig(engine=ScriptedConfig(model="m", options={"skil": 1})).check("roles.scorer")


@pytest.mark.parametrize(
    ("section", "mistake"),
    [
        ({}, "scorer.kind: missing"),
        ({"kind": "oracle"}, "scorer.kind: Input should be 'reward_model'"),
        ({"kind": "judge", "vote": 3}, "scorer.vote: unknown key; did you mean 'votes'?"),
        ({"kind": "judge", "engine": {"model": "m", "dtyp": 1}}, "scorer.engine.dtyp: unknown key; did you mean 'dty"),
        ({"kind": "reward_model"}, "scorer.model: missing"),
    ],
)
def test_mistakes_in_the_section_are_explained(section, mistake):
    """By its own kind."""
    with pytest.raises(ConfigError) as failure:
        validate(Run, {"scorer": section}, "here")
    assert mistake in str(failure.value)
