r"""The English of a coloring's solution, in one place, for scripted players and for the corpus of a small model.

A solution has one step per line. A step names its node, the one that comes next, its list and the earlier nodes that
it must be unlike with their colors; then the color that it takes. The last line gives all colors.

    At 17 before 4: gold. Take 17 gold.
    At 4 before 93: red or blue. Take 4 blue.
    At 93 before 12: red or gold, unlike 17 gold and 4 blue. Take 93 red.
    At 12: blue or red, unlike 93 red. Take 12 blue.
    All nodes have a color, so the coloring is correct. The answer is \boxed{ 17 gold, 4 blue, 93 red, 12 blue }.

A node without a color left ends a wrong solution: "At 93: red or gold, unlike 17 gold and 4 red, so the coloring is not
correct. ...". After a return to 4 a step says which color was tried there: "At 4 before 93: red or blue. Took 4 blue,
so now 4 red." What a step says of a node is in the problem, and the colors are where the solution took them last. So
every part of a line is found behind the last mention of its node, also after a return. A space is before every number,
so that each is one token everywhere.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from astro.tasks.coloring.graph import COLORS, Coloring, constraint, placed

STEP_DELIMITER = "\n"


@dataclass(frozen=True, slots=True)
class Step:
    """What a step says, whether it is true or not.

    node: where it is; colors: its list; unlike: the nodes that it must be unlike, with their colors.
    following: the node that comes next; None after the last one. color: the color that it takes; None in a line that
    judges. last: of a step after a return, the color that its node had before.
    """

    node: int
    colors: tuple[str, ...]
    unlike: tuple[tuple[int, str], ...] = ()
    following: int | None = None
    color: str | None = None
    last: str | None = None

    @classmethod
    def at(cls, coloring: Coloring, assignment: Mapping[int, str], node: int, color: str | None = None) -> "Step":
        """The true step at a node, with the color that it takes, if any.

        assignment: the colors so far. Raises ValueError if there is no such node, if the assignment lacks a node that
        it must be unlike, or if the color is not in its list.
        """
        if node not in coloring.lists:
            raise ValueError(f"the coloring has no node {node}")
        if missing := [other for other in coloring.unlike[node] if other not in assignment]:
            raise ValueError(f"node {missing[0]}, which node {node} must be unlike, has no color")
        if color is not None and color not in coloring.lists[node]:
            raise ValueError(f"{color} is not in the list of node {node}")
        unlike = tuple((other, assignment[other]) for other in coloring.unlike[node])
        return cls(node, coloring.lists[node], unlike, coloring.following(node), color)

    def holds(self, coloring: Coloring, assignment: Mapping[int, str]) -> bool:
        """Whether all that the step says is true under these colors so far, and its color is allowed."""
        try:
            true = Step.at(coloring, assignment, self.node, self.color)
        except ValueError:
            return False
        return replace(self, last=None) == true and self.color in (None, *self.left)

    @property
    def left(self) -> tuple[str, ...]:
        """The colors of its list that no node has that it says to be unlike."""
        taken = [color for _, color in self.unlike]
        return tuple(color for color in self.colors if color not in taken)

    @property
    def sight(self) -> str:
        """What can be seen at the node: "At 93 before 12: red or gold, unlike 17 gold and 4 blue"."""
        said = constraint(self.colors, [colored(*pair) for pair in self.unlike])
        return f"At {placed(self.node, self.following)}: {said}"

    @property
    def end(self) -> int | None:
        """The node that comes next: the same if the step takes no color; None after the last one."""
        return self.node if self.color is None else self.following


def colored(node: int, color: str) -> str:
    """A node with its color."""
    return f"{node} {color}"


def spoken(assignment: Mapping[int, str]) -> str:
    """Nodes and their colors as a solution writes them."""
    return ", ".join(colored(*pair) for pair in assignment.items())


def step(said: Step) -> str:
    """One step of a solution that takes a color."""
    return f"{said.sight}. {taken(said)}"


def taken(said: Step) -> str:
    """The sentence that takes a color: "Take 93 red."."""
    take = f"Took {colored(said.node, said.last)}, so now" if said.last else "Take"
    return f"{take} {said.node} {said.color}."


def conclusion(assignment: Mapping[int, str]) -> str:
    """The last line of a solution in which all nodes have a color."""
    return f"All nodes have a color, so the coloring is correct. {answered(assignment)}"


def dead_end(said: Step, assignment: Mapping[int, str], *, claim: bool = False) -> str:
    """The last line of a solution that has no color for a node; claim: it says that it is right all the same."""
    return f"{said.sight}, so the coloring is {'correct' if claim else 'not correct'}. {answered(assignment)}"


def answered(assignment: Mapping[int, str]) -> str:
    """The sentence that gives the answer."""
    return f"The answer is \\boxed{{ {spoken(assignment)} }}."


def solution(coloring: Coloring, choices: Sequence[str] = ()) -> list[str]:
    """The lines of a solution to its end, or to a node without a color left.

    choices: the colors at nodes with two left; further such nodes get the right ones. Raises ValueError if a choice is
    not left at its node.
    """
    chosen = iter(choices)
    assignment: dict[int, str] = {}
    lines: list[str] = []
    for node, right in coloring.solved().items():
        left = coloring.left(node, assignment)
        if not left:
            return [*lines, dead_end(Step.at(coloring, assignment, node), assignment)]
        color = left[0] if len(left) == 1 else next(chosen, right)
        if color not in left:
            raise ValueError(f"{color} is not left at node {node}, only {' or '.join(left)}")
        lines.append(step(Step.at(coloring, assignment, node, color)))
        assignment[node] = color
    return [*lines, conclusion(assignment)]


def thought(said: Step) -> str:
    """A step as a thought of a trace; a line that judges has no answer, as an abandoned attempt has none."""
    return f"{said.sight}, so the coloring is not correct." if said.color is None else step(said)


def state(node: int) -> str:
    """The state before a node gets its color, in words that complete "go back to where we had"."""
    return f"the choice at {node}."


def back(node: int) -> str:
    """The sentence that goes back to a node."""
    return f"Let's go back to where we had {state(node)}"


def bridged(tried: Step, then: Step) -> str:
    """A step after a return, which says which color its node had before; "" unless it takes another one."""
    if tried.node != then.node or not tried.color or not then.color or tried.color == then.color:
        return ""
    return step(replace(then, last=tried.color))


def denied(said: Step, coloring: Coloring, assignment: Mapping[int, str]) -> str:
    """What is true where a step does not hold under these colors so far, without a full stop."""
    if said.node not in coloring.lists:
        return f"There is no node {said.node}"
    return _denied_sight(said, coloring, assignment) or _denied_choice(said)


def _denied_sight(said: Step, coloring: Coloring, assignment: Mapping[int, str]) -> str | None:
    true, others = coloring.lists[said.node], coloring.unlike[said.node]
    if said.colors != true:
        return f"At {said.node} there is {' or '.join(true)}, not {' or '.join(said.colors)}"
    if others != tuple(other for other, _ in said.unlike):
        return f"{said.node} must be unlike {' and '.join(map(str, others)) or 'no node'}"
    for other, color in said.unlike:
        if assignment.get(other) != color:
            return f"{other} is {assignment[other]}, not {color}" if other in assignment else f"{other} has no color"
    following = coloring.following(said.node)
    if said.following != following:
        return f"{said.node} is the last node" if following is None else f"{following} comes after {said.node}"
    return None


def _denied_choice(said: Step) -> str:
    if said.color not in said.colors:
        return f"{said.color} is not in the list of {said.node}"
    like = next(other for other, color in said.unlike if color == said.color)
    return f"{said.node} cannot be {said.color}, because {like} is {said.color}"


_NUMBER = r"[1-9]\d{0,2}(?!\d)"
_COLOR = rf"(?:{'|'.join(COLORS)})\b"
_COLORED = rf"{_NUMBER} {_COLOR}"
_STEP = re.compile(
    rf"\bAt (?P<node>{_NUMBER})(?: before (?P<following>{_NUMBER}))?: (?P<colors>{_COLOR}(?: or {_COLOR})?)"
    rf"(?:, unlike (?P<unlike>{_COLORED}(?: and {_COLORED})?))?"
    rf"(?:\. (?:Take|Took (?P=node) (?P<last>{_COLOR}), so now) (?P=node) (?P<color>{_COLOR})\.)?"
)
_END = re.compile(
    r"so the coloring is (?P<missed>not )?correct\.(?: The answer is \\boxed\{ ?(?P<answer>[\w ,]{0,16000}?) ?\})?"
)
_RETURN = re.compile(rf"\bthe choice at {_NUMBER}|\b(?:restart|start over|beginning)\b", re.IGNORECASE)


def read_step(text: str) -> Step | None:
    """What the first step in a text says; None if there is none in this dialect.

    A sentence that takes a color for another node than the step is at takes none.
    """
    found = _STEP.search(text)
    if found is None:
        return None
    return Step(
        int(found["node"]),
        tuple(re.findall(_COLOR, found["colors"])),
        _pairs(found["unlike"]),
        int(found["following"]) if found["following"] else None,
        found["color"],
        found["last"],
    )


def read_end(text: str) -> tuple[bool, dict[int, str]] | None:
    """Whether a solution in this dialect ends with a claim to be right, and its colors; None if it has no end."""
    found = _END.search(text)
    return None if found is None else (found["missed"] is None, dict(_pairs(found["answer"])))


def goes_back(line: str) -> bool:
    """Whether a line goes back to a choice, or to the beginning."""
    return _RETURN.search(line) is not None


def _pairs(text: str | None) -> tuple[tuple[int, str], ...]:
    return tuple((int(node), color) for node, color in re.findall(rf"({_NUMBER}) ({_COLOR})", text or ""))
