r"""A maze answer is the way to the exit: the rooms taken at the junctions, or all rooms.

    93 9        93, 9        93 > 9        93 -> 9        [93, 9]        93 \to 9        17 > 93 > 5 > 44 > 9 > 61 > 63

All rooms: with or without the start. Anything else is malformed: words, signs, numbers that are no rooms.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from astro.tasks.maze.graph import MAX_ROOM, Maze, read_maze
from astro.verify import Extraction, Outcome, Subject, Verdict, VerifyConfig

MAX_LENGTH = 6000  # characters of an answer: all rooms of the largest maze
_SHOWN = 80  # characters of an unreadable answer in a verdict

_BETWEEN = re.compile(
    r"\\(?:to|rightarrow|longrightarrow|Rightarrow|quad|[,;:!> ])(?![a-z])|->|=>|[>,;\[\]()\u2192$\s-]"
)


def verify(problem: Subject, extraction: Extraction, config: VerifyConfig) -> Verdict:  # noqa: ARG001 - the convention
    """Grade a way; always decided here. The canonical form of a right one is its turns, of others the rooms read."""
    answer = extraction.answer or ""
    if extraction.parts:
        return Verdict(Outcome.MALFORMED, answer[:_SHOWN], "several different answers")
    maze = maze_of(problem)
    if isinstance(maze, str):
        return Verdict(Outcome.ERROR, answer[:_SHOWN], maze)
    rooms = read_answer(answer)
    if isinstance(rooms, str):
        return Verdict(Outcome.MALFORMED, answer[:_SHOWN], rooms)
    mistake = _mistake(rooms, maze)
    if mistake is not None:
        return Verdict(Outcome.INCORRECT, answer, mistake, _joined(rooms))
    return Verdict(Outcome.CORRECT, answer, "leads to the exit", _joined(maze.turns()))


def check_gold(problem: Subject) -> str | None:
    """Why the problem's maze or its gold answer cannot be used, or None."""
    maze = maze_of(problem)
    if isinstance(maze, str):
        return maze
    gold = read_answer(problem.answer)
    fault = gold if isinstance(gold, str) else _mistake(gold, maze)
    return fault and f"the gold answer {problem.answer[:_SHOWN]!r} is no way to the exit: {fault}"


def maze_of(problem: Subject) -> Maze | str:
    """The maze of a problem, or why it has none."""
    text = problem.metadata.get("maze")
    if not isinstance(text, str):
        return f"problem {problem.id}: metadata.maze must be lines such as 8 > 22. 17: 4 or 93., not {text!r:.80}"
    maze = read_maze(text)
    return f"problem {problem.id}: metadata.maze: {maze}" if isinstance(maze, str) else maze


def read_answer(answer: str) -> tuple[int, ...] | str:
    """The rooms of an answer, or why they cannot be read. Time is linear in MAX_LENGTH."""
    if len(answer) > MAX_LENGTH:
        return f"the answer is longer than {MAX_LENGTH} characters"
    words = _BETWEEN.sub(" ", answer).split()
    for word in words:
        if not (word.isascii() and word.isdecimal() and 1 <= int(word[:4]) <= MAX_ROOM):
            return f"{word[:20]!r} is no room; rooms are numbers from 1 to {MAX_ROOM}"
    return tuple(map(int, words)) if words else "no room is named"


def _mistake(rooms: Sequence[int], maze: Maze) -> str | None:
    """How a way misses the exit, or None."""
    turns = maze.turns()
    way = maze.way(turns)
    if tuple(rooms) in (turns, way, way[1:]):
        return None
    if rooms[0] == maze.start:
        for room, following in pairwise(rooms):
            if following not in maze.ways.get(room, ()):
                return f"room {room} does not lead to room {following}"
        return _ends(rooms[-1], maze)
    if len(rooms) > len(turns):
        return f"is neither the {len(turns)} turns to the exit nor the {len(way)} rooms of the way"
    room = maze.walk(maze.start)[-1]
    for turn in rooms:
        if turn not in maze.ways[room] or len(maze.ways[room]) != 2:
            return f"there is no turn {turn} in room {room}"
        room = maze.walk(turn)[-1]
    return _ends(room, maze)


def _ends(room: int, maze: Maze) -> str:
    return f"ends in room {room}, which is {('a dead end', 'in a corridor', 'a junction')[len(maze.ways[room])]}"


def _joined(rooms: Sequence[int]) -> str:
    return " ".join(map(str, rooms))
