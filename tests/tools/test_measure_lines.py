"""The places of the first false lines, on responses whose false line is known."""

import pyarrow as pa
import pyarrow.parquet as pq

from astro.records.problem import PROBLEMS
from astro.tasks.maze import dialect
from astro.tasks.maze.claims import maze_of
from astro.tasks.maze.generator import MazeConfig, generate
from tools.measure_lines import first_false, lines_by_tokens


def test_lines_are_counted_up_to_the_first_false_one(tmp_path):
    """A token a character; a true response has no first false line, and nothing after one counts."""
    (problem,) = generate(MazeConfig(count=1, depth=2, side=1, rooms=20, seed=1))
    maze = maze_of(problem)
    true = dialect.solution(maze, maze.turns())
    false = [true[0], true[0], *true[1:]]  # the second is in another room than the first led to
    assert first_false(problem, "\n".join(true)) is None
    assert first_false(problem, "\n".join(false)) == 1
    pq.write_table(PROBLEMS.write([problem]), tmp_path / "problems.parquet")
    rows = [{"problem_id": problem.id, "text": "\n".join(lines)} for lines in (true, false)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "responses.parquet")
    found = lines_by_tokens(tmp_path, len, every=10_000)
    assert found == {0: (len(true) + 2, 1)}
    places = lines_by_tokens(tmp_path, len, every=len(true[0]))
    assert places[0] == (2, 0)  # the first lines of both
    assert places[len(true[0])] == (2, 1)
