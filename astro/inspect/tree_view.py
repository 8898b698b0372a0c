"""A search tree in the terminal."""

from collections.abc import Collection

from rich.text import Text
from rich.tree import Tree as Branches

from astro.inspect.plain import plain
from astro.records.tree import ROOT, Terminal, Tree
from astro.verify import Outcome

VERDICT_STYLES = {
    Outcome.CORRECT: "green",
    Outcome.INCORRECT: "red",
    Outcome.UNANSWERED: "yellow",
    Outcome.MALFORMED: "yellow",
    Outcome.TIMED_OUT: "magenta",
    Outcome.ERROR: "magenta",
}
_BEST = "bold green"


def best_path(tree: Tree) -> list[int]:
    """The nodes from the root to the correct terminal that lies on the most visited branches.

    Without a correct terminal, the way down along the most visited children. Ties go to the older node.
    """
    correct = [node for node, outcome in enumerate(tree.outcome) if outcome is Outcome.CORRECT]
    if correct:
        return max((tree.path(node) for node in correct), key=lambda path: [tree.visits[node] for node in path])
    path = [ROOT]
    while children := tree.children[path[-1]]:
        path.append(max(children, key=lambda child: (tree.visits[child], -child)))
    return path


def tree_view(tree: Tree, max_nodes: int) -> Branches:
    """The tree with number, visits, value, prior and text of each node; the best path is highlighted.

    If a tree has more than max_nodes nodes, the most visited and the best path are shown, and the others are counted.
    Text is cut to the width of the terminal.
    """
    best = best_path(tree)
    shown = _most_visited(tree, max_nodes, best)
    branches: dict[int, Branches] = {}
    for node in sorted(shown):
        label = _label(tree, node, on_best_path=node in best)
        guide = "green" if node in best else "dim"
        if node == ROOT:
            branches[node] = Branches(label, guide_style=guide)
        else:
            branches[node] = branches[tree.parent[node]].add(label, guide_style=guide)
    for node in sorted(shown):
        hidden = sum(child not in shown for child in tree.children[node])
        if hidden:
            branches[node].add(Text(f"... {hidden} more", style="dim"))
    return branches[ROOT]


def _most_visited(tree: Tree, max_nodes: int, best: Collection[int]) -> set[int]:
    # A parent has more visits than its children and is older, so the chosen nodes are connected.
    ranked = sorted(range(len(tree)), key=lambda node: (-tree.visits[node], node))
    return set(ranked[:max_nodes]).union(best)


def _label(tree: Tree, node: int, *, on_best_path: bool) -> Text:
    failure = tree.failure[node] if tree.terminal[node] is Terminal.FAILED else None
    label = Text(no_wrap=True, overflow="ellipsis") if failure is None else Text(overflow="fold")
    label.append(f"#{node} ", style="dim")
    if tree.grafted[node]:
        label.append("grafted ", style="dim")
    else:
        label.append(f"V {tree.value[node]:.2f} ", style=_BEST if on_best_path else "cyan")
        label.append(f"N {tree.visits[node]} P {tree.prior[node]:.2f} ", style="dim")
    outcome = tree.outcome[node]
    if outcome is not None:
        answer = tree.answer[node]
        label.append(outcome.value if answer is None else f"{plain(answer)}: {outcome.value}", VERDICT_STYLES[outcome])
        label.append(" ")
    elif tree.terminal[node] is not Terminal.NONE:
        reason = "" if failure is None else f": {plain(failure)}"
        label.append(f"[{tree.terminal[node].value}{reason}] ", style="yellow")
    if node == ROOT:
        correct, graded, sampled = tree.tally(node)
        label.append(f"{plain(tree.problem_id)}, {len(tree)} nodes, rollouts at the root: {correct}/{graded} correct")
        if sampled > graded:
            label.append(f" ({sampled - graded} ungraded)", style="magenta")
    else:
        label.append(plain(tree.text[node].strip()), style="bold" if on_best_path else "")
    return label
