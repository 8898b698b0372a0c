"""Search trees for tests: grown from whole scripted solutions, or at random."""

import random

from astro.models.tokenizer import ASSISTANT_MARK
from astro.records.problem import Problem
from astro.records.tree import NO_PARENT, Terminal, Tree
from astro.tasks import make_verifier
from astro.tasks.countdown.player import CountdownPlayer
from astro.verify import Outcome

PROBLEM = Problem(
    id="cd-1",
    prompt="Using each of the numbers 2, 3, 5 and 4 exactly once, with +, -, * and /, make 24.",
    answer="24",
    task="countdown",
    metadata={"numbers": [2, 3, 5, 4], "target": 24, "operations": "+-*/", "use": "all"},
)
VERIFIER = make_verifier()


def new_tree(problem_id: str = PROBLEM.id) -> Tree:
    """A tree with a root alone."""
    tree = Tree(problem_id=problem_id, prompt_ids=(1, 2, 3), seed=7)
    tree.add(NO_PARENT, "", ())
    return tree


def backed_up(tree: Tree) -> Tree:
    """Set N, V and R of every node from the verdicts of the terminals, as a finished search would."""
    for node in range(len(tree) - 1, -1, -1):
        children = tree.children[node]
        tree.reward[node] = float(tree.outcome[node] is Outcome.CORRECT)
        if children:
            tree.reward[node] = sum(tree.reward[child] for child in children) / len(children)
        tree.visits[node] = 1 + sum(tree.visits[child] for child in children)
        tree.total[node] = tree.reward[node] + sum(tree.total[child] for child in children)
        tree.value[node] = tree.total[node] / tree.visits[node]
        tree.exhausted[node] = not children or all(tree.exhausted[child] for child in children)
    return tree


def played(player: CountdownPlayer, samples: int = 40, problem: Problem = PROBLEM, seed: int = 0) -> Tree:
    """A tree of whole solutions by the scripted player, merged where they share steps."""
    tree = new_tree(problem.id)
    for sample in range(samples):
        add_solution(tree, player(f"{problem.prompt}\n{ASSISTANT_MARK}", seed * 1000 + sample), problem)
    return backed_up(tree)


def add_solution(tree: Tree, solution: str, problem: Problem = PROBLEM) -> int:
    """Add the lines of a solution as nodes, graded at its end, and return the terminal."""
    lines = solution.splitlines(keepends=True)
    node = 0
    for index, line in enumerate(lines):
        known = [child for child in tree.children[node] if tree.text[child] == line]
        terminal = Terminal.ANSWER if index == len(lines) - 1 else Terminal.NONE
        node = known[0] if known else tree.add(node, line, (len(tree),), terminal=terminal)
    verdict = VERIFIER.verify(problem, solution)
    tree.outcome[node], tree.answer[node], tree.canonical[node] = verdict.outcome, verdict.answer, verdict.canonical
    return node


def random_tree(rng: random.Random, nodes: int, answers: int = 4) -> Tree:
    """A tree of any shape whose leaves are right, wrong (with one of some answers) or unfinished."""
    tree = new_tree("random")
    for index in range(1, nodes):
        tree.add(rng.randrange(index), f"step {index}\n", (index,))
    for node in range(1, nodes):
        if tree.children[node]:
            continue
        outcome = rng.choice([Outcome.CORRECT, Outcome.INCORRECT, Outcome.INCORRECT, None])
        if outcome is not None:
            tree.terminal[node], tree.outcome[node] = Terminal.ANSWER, outcome
            answer = "right" if outcome is Outcome.CORRECT else f"wrong {rng.randrange(answers)}"
            tree.answer[node] = tree.canonical[node] = answer
    return backed_up(tree)
