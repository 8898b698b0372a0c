"""Gold answers that can only be compared as they are written, counted in a run's directory."""

import pyarrow.parquet as pq

from astro.records.problem import PROBLEMS, Problem
from astro.store.problems import ProblemWriter, StoredProblems


def test_caveats_are_kept_and_counted(tmp_path):
    """Two of three problems have one; they come back with the problems."""
    problems = [
        Problem(str(n), "Q?", "4", "math", caveat=caveat) for n, caveat in enumerate(("no", None, "unreadable"))
    ]
    writer = ProblemWriter(tmp_path)
    writer.write(PROBLEMS.write(problems))
    writer.seal()
    stored = StoredProblems(tmp_path)
    assert stored.caveats() == 2
    assert [problem.caveat for problem in stored.each()] == ["no", None, "unreadable"]


def test_problems_of_an_earlier_version_have_no_caveats(tmp_path):
    """Their table lacks the column, and is read all the same."""
    table = PROBLEMS.write([Problem("a", "Q?", "4", "math")]).drop_columns(["caveat"])
    pq.write_table(table, tmp_path / "problems.parquet")
    [row] = pq.read_table(tmp_path / "problems.parquet").to_pylist()
    assert Problem.from_row(row).caveat is None
