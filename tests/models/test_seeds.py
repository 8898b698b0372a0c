from hypothesis import given
from hypothesis import strategies as st

from astro.models.seeds import MAX_N, derive_seed

PARTS = st.lists(st.one_of(st.integers(), st.text()), max_size=4)


@given(st.integers(), PARTS)
def test_seeds_fit_the_engines_and_leave_room_for_every_completion(run_seed, parts):
    """A seed and the last of its completions' seeds are signed 64-bit, and no other seed lies between them."""
    seed = derive_seed(run_seed, *parts)
    assert 0 <= seed < 2**62
    assert seed % (2 * MAX_N) == 0
    assert seed + MAX_N - 1 < 2**63


@given(st.integers(), PARTS, st.integers(), PARTS)
def test_different_requests_have_different_seeds(run_seed, parts, other_run_seed, other_parts):
    """Types and boundaries of the parts count."""
    one, other = (run_seed, *parts), (other_run_seed, *other_parts)
    same = [(type(part), part) for part in one] == [(type(part), part) for part in other]
    assert (derive_seed(*one) == derive_seed(*other)) == same


def test_seeds_never_change():
    """A recorded run can be repeated by later versions."""
    assert derive_seed(0, "problem-1", 7, "rollout") == 4254305106390155264
