"""Four cognitive behaviours in a response, by patterns (Gandhi et al. 2025, arXiv 2503.01307).

The paper had a model read the responses; astro.evaluation.judging does that, too. Patterns are free and reproducible,
but match only plain statements: their shares are rough estimates on free text, useful to compare models that write
alike. English only.

    verification        the result, or a step, is checked: "let me check", "which is not the target 24"
    backtracking        an approach is given up for another: what astro.traces.backtracks counts
    subgoals            the problem is divided into intermediate goals: "first, we need to find", "step 1:"
    backward chaining   the reasoning goes from the goal back: "to get 24, we need", "working backwards"
"""

import re
from dataclasses import dataclass

from astro.traces.backtracks import count_backtracks

_WE = r"(?:let's|let us|let me|we|i)(?:'ll|'d)?"
_WILL = r"(?: (?:can|could|should|will|must|need to|have to|want to|now|also|just|first|quickly)){0,2}"
_VERIFICATION = re.compile(
    rf"\b{_WE}{_WILL} (?:double[- ]?check|re-?check|check|verify|confirm|validate|make sure|"
    r"test (?:this|that|it|whether))\b|"
    r"\b(?:to|and|for) (?:double[- ]?check|verify|confirm (?:that|this|it)|check (?:that|this|it|if|whether|our|my))\b|"
    r"\b(?:checking|double[- ]?checking|verifying|verification)"
    r"(?: (?:this|that|the|our|my|it|if|whether|by|with)\b|:|,)|"
    r"\b(?:check|verify):|\bsanity check\b|\bplug(?:ging)? (?:\S{1,20} ){1,4}?(?:back )?in(?:to)?\b|"
    r"\b(?:are we|am i|is (?:this|that|our|my)) [^.?!\n]{0,60}\b(?:correct|right|correctly)\b[^.?!\n]{0,20}\?|"
    # A result held against what was asked for, as in Countdown.
    r"\bwhich (?:is|isn't|equals|matches|does not (?:match|equal)|doesn't (?:match|equal)) (?:indeed |exactly |not )?"
    r"(?:equal to )?(?:the|our) target\b|\b(?:but|and) the target is\b|"
    r"\bthe target we want\b|\b(?:satisf(?:y|ies)|checks out|does(?:n't| not) satisfy)\b",
    re.IGNORECASE,
)
_FIND = (
    r"(?:find|figure out|work out|determine|calculate|compute|solve for|establish|obtain|derive|identify|understand|"
    r"simplify|factor|get|reach|make|count|express|rewrite|show)"
)
_SUBGOALS = re.compile(
    rf"\b(?:first|firstly|to (?:start|begin)|to begin with|the first step is|next|then|after that|second|finally),? "
    rf"(?:{_WE} )?(?:need|must|have|want|aim|plan|try|will try|'ll try|would like|should|is)(?: to)? "
    rf"(?:first )?{_FIND}\b|"
    rf"\b(?:we|i) (?:first |then )?need to (?:first )?{_FIND}\b[^.\n]{{0,80}}\b(?:first|before|and then|then)\b|"
    rf"\b(?:our|my|the) (?:first|next|immediate|intermediate) (?:goal|aim|task|objective|step) (?:is|will be)\b|"
    r"\b(?:break|split|divide)(?:ing)? (?:this|it|the (?:problem|task|question|proof|expression|sum)) "
    r"(?:down |up )?into\b|\bsub-?(?:goal|problem|task)s?\b|"
    rf"^[ \t#*]{{0,8}}(?:step|part) (?:1|one)[:.)* -]{{1,6}}(?:{_WE} )?(?:first )?{_FIND}\b|"
    r"\bhere(?:'s| is) (?:the|my|our) plan\b",
    re.IGNORECASE | re.MULTILINE,
)
_GOAL = r"(?:the (?:target|goal|answer|final|desired|required|wanted)|our (?:target|goal)|\\?\(?\$?\d{1,9}\b)"
_BACKWARD = re.compile(
    r"\bwork(?:ing)? (?:it |this )?(?:backwards?|in reverse)\b|\bbackward chaining\b|\breverse[- ]engineer|"
    rf"\b(?:to|in order to) (?:get(?: to)?|reach|make|obtain|arrive at|end up (?:with|at)|have|achieve|hit) {_GOAL}"
    r"[^.,;\n]{0,40},? (?:we|i|one|you)(?:'d| would)?(?: (?:can|could|might|now|then))? "
    r"(?:need|require|want|must (?:have|find|first)|should look for|look for|have to (?:have|find|first))\b|"
    rf"\b(?:start|starting|begin|beginning) (?:from|with) (?:the|our) (?:target|goal|desired (?:result|value|answer)|"
    r"end result|conclusion|answer)\b|"
    r"\bfor (?:this|that|the (?:result|answer|total|value|sum)|it) to (?:be|equal|come to) [^.,;\n]{1,40}, "
    r"[^.;\n]{1,40} (?:must|needs? to|has to|would have to) (?:be|equal)\b|"
    r"\bwhat (?:number|value|pair)s? (?:would|could|can|must|do we need to|times|plus|minus|divided by) [^.?\n]{0,60}"
    r"(?:get|give|gives|make|makes|reach|produce|equal|equals) (?:us )?(?:the target|\d{1,9})\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Behaviours:
    """Which behaviours a response shows."""

    verification: bool
    backtracking: bool
    subgoals: bool
    backward_chaining: bool


def find_behaviours(text: str, backtracks: int | None = None) -> Behaviours:
    """Look for the four behaviours; backtracks: the number in the text, if it is already known."""
    text = text.replace("\u2019", "'")
    return Behaviours(
        verification=_VERIFICATION.search(text) is not None,
        backtracking=(count_backtracks(text) if backtracks is None else backtracks) > 0,
        subgoals=_SUBGOALS.search(text) is not None,
        backward_chaining=_BACKWARD.search(text) is not None,
    )
