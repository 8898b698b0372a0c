import pytest

from astro.config import validate
from astro.errors import ConfigError
from astro.train.grpo_settings import GrpoConfig
from astro.train.reward_settings import CosineConfig, LengthConfig
from astro.train.shaping import cosine_reward, length_reward, overlong_reward

COSINE = CosineConfig()


@pytest.mark.parametrize(
    ("tokens", "correct", "finished", "reward"),
    [
        (0, True, True, 2.0),
        (100, True, True, 1.0),
        (50, True, True, 1.5),
        (0, False, True, -10.0),
        (50, False, True, -5.0),
        (100, False, True, 0.0),
        (100, True, False, -10.0),
    ],
)
def test_cosine(tokens, correct, finished, reward):
    """Halfway the cosine is halfway; right answers pay less the longer they are, wrong ones cost less."""
    found = cosine_reward(tokens, 100, correct=correct, finished=finished, config=COSINE)
    assert found == pytest.approx(reward)


def test_length():
    """Each token too many or too few costs alpha."""
    config = LengthConfig(alpha=0.01)
    assert [length_reward(tokens, 100, config) for tokens in (90, 100, 130)] == pytest.approx([-0.1, 0.0, -0.3])


def test_a_length_that_cannot_be_sampled_is_not_asked_for():
    """The paper's 4,000 tokens do not fit TRL's 512, and the message has both; without the reward they may stand."""
    weighed = {"rewards": {"weights": {"correctness": 1.0, "length": 1.0}}}
    with pytest.raises(ConfigError, match=r"up to 4000 tokens, and trainer\.max_completion_length is 512"):
        validate(GrpoConfig, weighed, "test")
    with pytest.raises(ConfigError, match="low is 9 and above high, which is 8"):
        validate(GrpoConfig, {"rewards": {"length": {"low": 9, "high": 8}}}, "test")
    validate(GrpoConfig, weighed, "test", ["rewards.length.high=300", "rewards.length.low=20"])
    validate(GrpoConfig, {}, "test")


@pytest.mark.parametrize(("tokens", "reward"), [(0, 0.0), (80, 0.0), (90, -0.5), (100, -1.0), (120, -1.0)])
def test_overlong(tokens, reward):
    """Nothing up to four fifths of the limit, then straight down to -1 at the limit."""
    assert overlong_reward(tokens, 100, None) == pytest.approx(reward)
