"""Can a process be forked at any moment after a cold start, and verify in the child?

    python benchmarks/forks.py [--forks 200] [--seconds 1.0] [--seed 0] [--limit 60]

Each trial is a fresh interpreter. A thread verifies answers of several tasks, which imports their modules; at a random
moment within --seconds, the main thread forks, and the child verifies the same answers. A trial has failed if the child
has not ended after --limit seconds, or if a verdict is wrong. Exits with status 1 if a trial failed.

2 CPU cores: about 2.5 s a fork.
"""

import argparse
import random
import subprocess
import sys

TRIAL = """
import os, signal, sys, threading, time
from astro.verify import Exercise, verify
ASKED = (
    (Exercise("m", "8 x 9?", "72", "math"), r"so \\boxed{144/2}"),
    (Exercise("c", "make 6 of 2, 3", "2*3", "countdown", {"numbers": [2, 3], "target": 6}), r"\\boxed{3*2}"),
    (Exercise("q", "the capital?", "Paris", "qa"), r"\\boxed{Paris}"),
    (Exercise("x", "A) 1 B) 2", "A", "mcq"), r"\\boxed{A}"),
)
def right():
    return all(verify(problem, response).correct for problem, response in ASKED)
thread = threading.Thread(target=right)
thread.start()
time.sleep(float(sys.argv[1]))
child = os.fork()
if child == 0:
    signal.alarm(int(sys.argv[2]))
    os._exit(0 if right() else 3)
status = os.waitpid(child, 0)[1]
thread.join()
sys.exit(os.waitstatus_to_exitcode(status) != 0)
"""


def trial(delay: float, limit: int) -> bool:
    """Whether the child of a fork after delay seconds ends with the right verdicts."""
    command = [sys.executable, "-c", TRIAL, str(delay), str(limit)]
    return subprocess.run(command, check=False, timeout=4 * limit).returncode == 0


def main() -> None:
    """Read the arguments, fork at random moments and print how many trials failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--forks", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, default=60)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    delays = [rng.uniform(0, arguments.seconds) for _ in range(arguments.forks)]
    failed = [delay for delay in delays if not trial(delay, arguments.limit)]
    print(f"{arguments.forks} forks within {arguments.seconds} s of a cold start: {len(failed)} failed {failed or ''}")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
