"""Commands that wait for each other."""

import json
import sys
import time
from pathlib import Path

import pytest
from jobs import Job, carry_out_jobs, wall_time

from astro.errors import JobError


def python(name: str, code: str, *after: str) -> Job:
    return Job(name, [sys.executable, "-c", code], after)


def appending(name: str, path: Path, *after: str) -> Job:
    return python(name, f"open({str(path)!r}, 'a').write({name!r} + ' ')", *after)


def test_a_job_waits_for_what_it_needs(tmp_path: Path) -> None:
    """Whatever the number at once, a chain runs in its order."""
    order = tmp_path / "order"
    jobs = [appending("a", order), appending("b", order, "a"), appending("c", order, "a", "b")]
    said: list[str] = []
    carry_out_jobs(jobs, 3, tmp_path / "logs", said.append)
    assert order.read_text(encoding="utf-8") == "a b c "
    assert [line.partition(":")[0] for line in said] == ["a", "b", "c"]


def test_independent_jobs_run_together(tmp_path: Path) -> None:
    """Each of two jobs waits for a file of the other, so one after the other they would never end."""
    code = "import pathlib, time\npathlib.Path({!r}).touch()\nwhile not pathlib.Path({!r}).exists(): time.sleep(0.01)"
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    jobs = [python("one", code.format(one, two)), python("two", code.format(two, one))]
    begun = time.monotonic()
    carry_out_jobs(jobs, 2, tmp_path / "logs", lambda _: None)
    assert time.monotonic() - begun < 30


def test_a_failure_stops_what_follows_and_shows_its_end(tmp_path: Path) -> None:
    """What was running is waited for, what was waiting is not begun, and the error has the job's last words."""
    never = tmp_path / "never"
    slow = tmp_path / "slow"
    jobs = [
        python("bad", "import sys; print('because of this'); sys.exit(3)"),
        python("long", f"import time; time.sleep(0.7); open({str(slow)!r}, 'w')"),
        appending("later", never, "bad"),
        appending("another", never),
    ]
    with pytest.raises(JobError, match=r"bad failed(?s:.)*because of this"):
        carry_out_jobs(jobs, 2, tmp_path / "logs", lambda _: None)
    assert slow.exists()
    assert not never.exists()


def test_when_each_job_began_and_ended_is_recorded(tmp_path: Path) -> None:
    """Also of one that failed and of one that was waited for; the next start adds its own lines."""
    logs = tmp_path / "logs"
    with pytest.raises(JobError):
        carry_out_jobs([python("bad", "raise SystemExit(3)"), python("b", "")], 2, logs, lambda _: None)
    carry_out_jobs([python("a", "")], 2, logs, lambda _: None)
    rows = [json.loads(line) for line in (logs / "jobs.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {(row["job"], row["code"]) for row in rows} == {("bad", 3), ("b", 0), ("a", 0)}
    assert all(row["began"] <= row["ended"] <= time.time() for row in rows)
    assert rows[-1]["job"] == "a"


def test_wall_time_counts_every_second_once(tmp_path: Path) -> None:
    """Two jobs side by side, one right after, and a second session an hour later."""
    spans = [(100, 130), (110, 120), (130, 140), (4000, 4005)]
    rows = [{"job": "j", "began": began, "ended": ended, "code": 0} for began, ended in spans]
    (tmp_path / "jobs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert wall_time(tmp_path) == (45, 2)
    assert wall_time(tmp_path / "nowhere") is None


def test_no_process_at_once_is_refused(tmp_path: Path) -> None:
    """It would wait forever."""
    with pytest.raises(JobError, match="give 1 or more"):
        carry_out_jobs([Job("a", [sys.executable, "-c", "pass"])], 0, tmp_path, print)


def test_a_job_may_not_wait_for_one_that_never_comes(tmp_path: Path) -> None:
    """That is a bug of the pipeline, found before anything runs."""
    with pytest.raises(ValueError, match="do not come before it"):
        carry_out_jobs([python("a", "", "b")], 1, tmp_path, lambda _: None)


@pytest.mark.parametrize(("chosen", "threads"), [(None, "1"), ("3", "3")])
def test_a_job_has_one_thread_unless_the_user_says_otherwise(chosen, threads, tmp_path: Path, monkeypatch) -> None:
    """OMP_NUM_THREADS of the user reaches the job, and 1 where there is none."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if chosen is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", chosen)
    said = python("threads", "import os; print(os.environ['OMP_NUM_THREADS'])")
    carry_out_jobs([said], 1, tmp_path, lambda _: None)
    assert (tmp_path / "threads.log").read_text(encoding="utf-8").strip() == threads
