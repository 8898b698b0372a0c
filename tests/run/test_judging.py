"""What the summary says about a judge."""

from astro.run.judging import Votes, cannot_tell, judge_lines


def counts(right, wrong):
    """The counts of a run; each argument is (ends, accepted, votes, yes)."""
    names = ("ends", "accepted", "votes", "yes")
    both = {"right": right, "wrong": wrong}
    return {f"judge.{kind}.{name}": each for kind, of in both.items() for name, each in zip(names, of, strict=True)}


def test_a_judge_that_says_yes_to_a_fifth_of_both_is_named_with_the_setting_to_change():
    """The votes that threw away every trace of a run: 23 of 112 on right ends, 36 of 172 on wrong ones."""
    lines = judge_lines(counts((28, 0, 112, 23), (43, 0, 172, 36)), has_judge=False)
    assert lines[0].startswith("yes on right ends: 23 of 112 votes (20.5%; 28 ends, 95 % interval 10%-39%)")
    assert lines[1].startswith("yes on wrong ends: 36 of 172 votes (20.9%; 43 ends")
    assert "traces.votes=0" in lines[2]
    assert "roles.judge" in lines[2]


def test_a_judge_that_can_tell_gets_no_advice():
    """Nine tenths against one tenth."""
    assert len(judge_lines(counts((20, 18, 80, 72), (20, 0, 80, 8)), has_judge=True)) == 2


def test_a_judge_that_can_tell_and_still_rejects_most_right_ends_needs_less_agreement():
    """Seven of ten votes are yes on right ends, but all of a solution's have to be."""
    lines = judge_lines(counts((20, 4, 80, 56), (20, 0, 80, 8)), has_judge=True)
    assert lines[-1].startswith("16 of 20 right ends were rejected: lower traces.agreement")


def test_a_few_ends_say_nothing_about_a_judge():
    """Without eight ends of each kind, nothing is concluded."""
    assert not cannot_tell(Votes(7, 0, 28, 5), Votes(40, 0, 160, 32))
    assert judge_lines(counts((0, 0, 0, 0), (0, 0, 0, 0)), has_judge=True) == []
