import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa

from astro.store.stage import Stage

WORKER = """
import sys
from pathlib import Path
import pyarrow as pa
from astro.store.frames import Entry
from astro.store.lock import RunLock
from astro.store.stage import Stage

schemas = {
    "nodes": pa.schema([("problem_id", pa.string()), ("text", pa.string())]),
    "costs": pa.schema([("problem_id", pa.string())]),
}
folder = Path(sys.argv[1])
lock = RunLock(folder / ".lock")
stage = Stage(folder / "trees", schemas, writable=True)
order = [f"p{i:03d}" for i in range(int(sys.argv[2]))]
print("ready", flush=True)
for name in [name for name in order if name not in stage.problem_ids]:
    rows = {"problem_id": [name] * 400, "text": [f"{name} step {i}" for i in range(400)]}
    tables = {
        "nodes": pa.Table.from_pydict(rows, schema=schemas["nodes"]),
        "costs": pa.Table.from_pydict({"problem_id": [name]}, schema=schemas["costs"]),
    }
    stage.append([Entry(name, tables)])
    print(name, flush=True)
stage.finish(order)
print("finished", flush=True)
"""
PROBLEMS = 120


def test_sigkill_at_random_moments_loses_and_repeats_nothing(tmp_path: Path) -> None:
    """A process killed again and again, also while it compacts, ends with every problem exactly once."""
    rng = random.Random(11)
    acknowledged: list[str] = []
    kills = 0
    while "finished" not in acknowledged:
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(tmp_path), str(PROBLEMS)], stdout=subprocess.PIPE, text=True
        )
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
        if kills < 4:
            acknowledged += [worker.stdout.readline().strip() for _ in range(rng.randrange(1, 25))]
            time.sleep(rng.random() * 0.01)
            worker.send_signal(signal.SIGKILL)
            kills += 1
        acknowledged += [line.strip() for line in worker.stdout]
        worker.wait()
        acknowledged = [name for name in acknowledged if name]  # the pipe ends with the process
    assert kills >= 3
    done = [name for name in acknowledged if name != "finished"]
    assert len(done) == len(set(done)), "a finished problem was done again"
    schemas = {"costs": pa.schema([("problem_id", pa.string())])}
    stage = Stage(tmp_path / "trees", schemas, writable=False)
    assert stage.complete
    costs = stage.table("costs", ["problem_id"]).column("problem_id").to_pylist()
    assert costs == [f"p{i:03d}" for i in range(PROBLEMS)]
