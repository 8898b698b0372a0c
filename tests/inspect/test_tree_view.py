import io

from rich.console import Console

from astro.inspect.plain import plain
from astro.inspect.tree_view import best_path, tree_view
from astro.records.tree import NO_PARENT, ROOT, Rollout, Terminal, Tree
from astro.verify import Outcome


def small_tree(text: str = "Then 1 + 1 = 2.") -> Tree:
    """Root with a wrong terminal (1) and a step (2) that leads to a correct terminal (3) and an open node (4)."""
    tree = Tree(problem_id="p1", prompt_ids=(1, 2), seed=0)
    tree.add(NO_PARENT, "", ())
    tree.add(ROOT, "Wrong at once.", (3,), prior=0.25, terminal=Terminal.ANSWER)
    tree.add(ROOT, text, (4,), prior=0.75)
    tree.add(2, "Right.", (5,), prior=0.5, terminal=Terminal.ANSWER)
    tree.add(2, "Open.", (6,), prior=0.5)
    tree.rollouts[ROOT] = [Rollout("x", 1, Outcome.CORRECT, "2", "2"), Rollout("y", 1, Outcome.TIMED_OUT, None, None)]
    tree.visits = [5, 1, 3, 1, 1]
    tree.value = [0.4, 0.0, 0.5, 1.0, 0.0]
    tree.outcome = [None, Outcome.INCORRECT, None, Outcome.CORRECT, None]
    tree.answer = [None, "3", None, "2", None]
    return tree


def printed(tree: Tree, width: int = 100, max_nodes: int = 50) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    console.print(tree_view(tree, max_nodes))
    return console.file.getvalue()


def test_a_node_shows_value_visits_prior_and_verdict() -> None:
    """Each line has the node's number and figures, and a terminal its answer with the verdict."""
    lines = printed(small_tree()).splitlines()
    assert "#0 V 0.40 N 5 P 1.00 p1, 5 nodes, rollouts at the root: 1/1 correct (1 ungraded)" in lines[0]
    assert any("#1 V 0.00 N 1 P 0.25 3: incorrect Wrong at once." in line for line in lines)
    assert any("#3 V 1.00 N 1 P 0.50 2: correct Right." in line for line in lines)
    assert len(lines) == 5


def test_the_best_path_leads_to_the_correct_terminal() -> None:
    """The path that stands out ends at a correct terminal, or goes down the most visited children."""
    tree = small_tree()
    assert best_path(tree) == [0, 2, 3]
    tree.outcome[3] = Outcome.INCORRECT
    tree.visits[4] = 2
    assert best_path(tree) == [0, 2, 4]


def test_long_text_is_cut_to_the_width() -> None:
    """A step is one line, however long it is."""
    lines = printed(small_tree("word " * 500), width=60).splitlines()
    assert len(lines) == 5
    assert max(len(line) for line in lines) <= 60
    assert any(line.rstrip().endswith("\u2026") for line in lines)


def test_the_reason_of_a_failed_node_is_read_to_its_end() -> None:
    """Why a node failed stands beside it, and is folded rather than cut."""
    tree = small_tree()
    tree.terminal[1], tree.outcome[1], tree.failure[1] = Terminal.FAILED, None, "no room for " + "very " * 30 + "much"
    assert "[failed: no room for very very" in printed(tree)
    assert printed(tree).count("very") == 30
    assert "much]" in printed(tree)


def test_text_of_the_model_cannot_drive_the_terminal() -> None:
    """Escape sequences, markup, bidirectional overrides and line breaks are shown, not obeyed."""
    out = printed(small_tree("\x1b[2J\x1b]0;title\x07[red]x[/red]\u202e\nnext"))
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "\u202e" not in out
    assert "\u241b[2J" in out
    assert "[red]x[/red]" in out
    assert "\u23cenext" in out


def test_folded_nodes_are_counted() -> None:
    """With fewer nodes than the tree has, the most visited and the best path stay."""
    out = printed(small_tree(), max_nodes=2)
    assert "#3 " in out
    assert "#1 " not in out
    assert out.count("... 1 more") == 2


def test_plain_keeps_ordinary_text() -> None:
    """Letters, signs, accents, emoji and CJK pass unchanged."""
    for text in ("x^2 + 1 = \\frac{1}{2}", "é ü ñ", "数学", "√2 ≤ π", "🙂"):
        assert plain(text) == text
