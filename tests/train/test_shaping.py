import pytest

from astro.train.settings import CosineConfig, LengthConfig
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


@pytest.mark.parametrize(("tokens", "reward"), [(0, 0.0), (80, 0.0), (90, -0.5), (100, -1.0), (120, -1.0)])
def test_overlong(tokens, reward):
    """Nothing up to four fifths of the limit, then straight down to -1 at the limit."""
    assert overlong_reward(tokens, 100, None) == pytest.approx(reward)
