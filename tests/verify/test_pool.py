"""The pool: hard limits, replacement, and use from anywhere."""

import asyncio
import builtins
import math
import multiprocessing
import operator
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from astro.verify import VerifierError
from astro.verify.pool import Pool, ReplyKind, WorkerLimits


@pytest.fixture(scope="module")
def pool():
    pool = Pool(2, seconds=1.0)
    yield pool
    pool.close()


def test_value_comes_back(pool):
    """A module-level function of JSON arguments runs in another process and its value returns."""
    assert pool.run(operator.add, 2, 3).value == 5
    assert pool.run(os.getpid).value != os.getpid()


def test_exception_is_data(pool):
    """What a function raises comes back as a message, and the worker goes on."""
    reply = pool.run(operator.truediv, 1, 0)
    assert reply.kind is ReplyKind.FAILED
    assert reply.value == "ZeroDivisionError: division by zero"


def test_stuck_task_is_killed_and_delays_nobody(pool):
    """Sleeping tasks end at their deadline while others, queued behind them, are answered."""
    stuck = [pool.submit(time.sleep, 60, seconds=0.5) for _ in range(3)]
    answers = [pool.submit(operator.add, n, 1) for n in range(20)]
    assert [future.result(timeout=30).value for future in answers] == list(range(1, 21))
    assert {future.result(timeout=30).kind for future in stuck} == {ReplyKind.TIMED_OUT}


def test_one_c_call_without_end_is_killed(pool):
    """A single call in C that never looks at signals is killed as well."""
    assert pool.run(math.factorial, 10**8, seconds=0.5).kind is ReplyKind.TIMED_OUT


def test_memory_limit(pool):
    """An allocation above the limit is an outcome, and the next task is answered."""
    assert pool.run(builtins.bytearray, 1 << 40).kind is ReplyKind.MEMORY
    assert pool.run(operator.add, 1, 1).value == 2


def test_crash_is_tried_once_more_and_then_counts(pool):
    """A task that ends its worker is an outcome, and the next task is answered."""
    assert pool.run(os._exit, 3).kind is ReplyKind.CRASHED
    assert pool.run(os.abort).kind is ReplyKind.CRASHED
    assert pool.run(operator.add, 1, 1).value == 2


def test_value_that_is_not_json_is_refused(pool):
    """A worker never sends anything but JSON."""
    assert pool.run(builtins.complex, 1, 2).kind is ReplyKind.FAILED


def test_killed_worker_is_replaced(pool):
    """A worker killed from outside is replaced."""
    for _ in range(3):
        os.kill(pool.run(os.getpid).value, signal.SIGKILL)
        assert pool.run(operator.add, 1, 1).value == 2


def test_killed_server_is_replaced(pool):
    """When the process that forks the workers is killed, a task on the way is done by the next one's workers."""
    stuck = pool.submit(time.sleep, 0.3)
    server = pool.run(os.getppid).value
    os.kill(server, signal.SIGKILL)
    assert stuck.result(timeout=30).kind is ReplyKind.DONE
    assert pool.run(os.getppid).value != server


def test_threads(pool):
    """Many threads share one pool."""
    sums = {}

    def work(n):
        sums[n] = pool.run(operator.add, n, n).value

    threads = [threading.Thread(target=work, args=(n,)) for n in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sums == {n: 2 * n for n in range(30)}


def test_event_loop_is_not_blocked(pool):
    """While a coroutine waits for a stuck task, the loop and other tasks go on."""

    async def main():
        stuck = asyncio.wrap_future(pool.submit(time.sleep, 60, seconds=0.5))
        answers = await asyncio.gather(*(asyncio.wrap_future(pool.submit(operator.add, n, 1)) for n in range(10)))
        assert not stuck.done()
        return [reply.value for reply in answers], (await stuck).kind

    assert asyncio.run(main()) == (list(range(1, 11)), ReplyKind.TIMED_OUT)


def test_forked_child_has_a_pool_of_its_own(pool):
    """A process forked from one with a running pool can use it, and the parent's still works."""
    here = pool.run(os.getppid).value
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe()
    child = context.Process(
        target=lambda: sender.send([pool.run(os.getppid).value, pool.run(operator.add, 1, 2).value])
    )
    child.start()
    there, total = receiver.recv()
    child.join()
    assert total == 3
    assert there != here
    assert pool.run(os.getppid).value == here


def test_process_forked_while_a_worker_is_asked_for_keeps_no_socket_of_it(monkeypatch):
    """A fork in another thread waits while a socket is handed over: else the end of its owner would go unseen."""
    asking = threading.Event()

    def slowly(*arguments, send_fds=socket.send_fds):
        asking.set()
        time.sleep(0.3)
        return send_fds(*arguments)

    monkeypatch.setattr(socket, "send_fds", slowly)
    pool = Pool(1)
    parent = pool.submit(os.getppid)
    asking.wait()
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    server = parent.result(timeout=60).value
    shared = _sockets(child) & set().union(*map(_sockets, (server, *_workers(server))))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    pool.close()
    assert not shared


def _workers(server):
    return [int(pid) for pid in Path(f"/proc/{server}/task/{server}/children").read_text().split()]


def _sockets(pid):
    links = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since it was listed
            links.add(str(descriptor.readlink()))
    return {link for link in links if link.startswith("socket:")}


def test_worker_that_does_not_read_its_task_delays_nobody():
    """A long task goes out as its worker takes it; deadlines of the others are kept meanwhile."""
    pool = Pool(2, seconds=60.0)
    server = pool.run(os.getppid).value
    while len(stopped := _workers(server)) < 2:  # the one that answered, and a spare
        time.sleep(0.01)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    long = pool.submit(len, "x" * 5_000_000)
    assert pool.run(time.sleep, 60, seconds=0.2).kind is ReplyKind.TIMED_OUT
    assert not long.done()
    for pid in _workers(server):
        with suppress(ProcessLookupError):  # the one that was out of time may have ended since it was listed
            os.kill(pid, signal.SIGCONT)
    assert long.result(timeout=60).value == 5_000_000
    pool.close()


def test_worker_is_recycled():
    """A worker serves its share of tasks and is replaced; no task is lost."""
    pool = Pool(1, limits=WorkerLimits(tasks=3))
    pids = [pool.run(os.getpid).value for _ in range(12)]
    pool.close()
    assert len(set(pids)) >= 4


def test_closed_pool_starts_again():
    """After close, the next task starts new workers."""
    pool = Pool(1)
    first = pool.run(os.getpid).value
    pool.close()
    assert pool.run(os.getpid).value != first
    pool.close()


@pytest.mark.parametrize("seconds", [0.0, -1.0, math.nan, math.inf])
def test_no_limit_is_no_limit_at_all(seconds, pool):
    """A deadline that is not a positive finite number is refused."""
    with pytest.raises(VerifierError, match="positive, finite"):
        pool.submit(operator.add, 1, 1, seconds=seconds)
    with pytest.raises(VerifierError, match="positive, finite"):
        Pool(1, seconds=seconds)


def broken():
    raise RuntimeError("no library")


def test_workers_that_cannot_start_are_an_error(capfd):
    """If the warm-up fails, a task raises instead of waiting for ever."""
    pool = Pool(1, warm=((broken, ()),))
    with pytest.raises(VerifierError, match="as soon as they start"):
        pool.run(operator.add, 1, 1)
    assert "no library" in capfd.readouterr().err
    pool.close()


def asleep():
    time.sleep(600)


def test_server_that_is_stuck_is_replaced(monkeypatch):
    """A server that never gives a worker is killed, and after a few of them a task raises instead of waiting."""
    monkeypatch.setattr("astro.verify.dispatcher._START_SECONDS", 0.3)
    pool = Pool(1, warm=((asleep, ()),))
    with pytest.raises(VerifierError, match="as soon as they start"):
        pool.run(operator.add, 1, 1)
    pool.close()


def test_parent_keeps_its_signal_handlers(pool):
    """No handler and no timer is set in the parent."""
    before = [signal.getsignal(number) for number in (signal.SIGALRM, signal.SIGCHLD, signal.SIGINT)]
    pool.run(time.sleep, 60, seconds=0.2)
    assert before == [signal.getsignal(number) for number in (signal.SIGALRM, signal.SIGCHLD, signal.SIGINT)]
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.mark.parametrize("ending", ["", "sys.exit(3)", "raise ValueError", "os._exit(3)", "os.kill(os.getpid(), 9)"])
def test_nothing_is_left_when_the_parent_ends(ending):
    """However a process ends, with a stuck task or not, it ends at once and its workers with it."""
    code = f"""
        import operator, os, sys, time
        from astro.verify.pool import Pool
        pool = Pool(1, seconds=600.0)
        print(pool.run(os.getpid).value, pool.run(os.getppid).value, flush=True)
        pool.submit(time.sleep, 600)
        {ending}
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, timeout=60, check=False)
    for pid in map(int, run.stdout.split()):
        for _ in range(100):
            if not _alive(pid):
                break
            time.sleep(0.05)
        assert not _alive(pid)


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_no_heavy_library_in_a_worker(pool):
    """A worker has not imported torch, nor any serving or training library."""
    names = ["torch", "vllm", "transformers", "datasets"]
    assert pool.run(loaded, names, seconds=60.0).value == []  # the worker imports this module, and pytest, first


def loaded(names):
    return [name for name in names if name in sys.modules]


def test_close_answers_who_waits():
    """Closing a pool ends running and queued tasks as closed; nobody waits for ever."""
    pool = Pool(1, seconds=60.0)
    futures = [pool.submit(time.sleep, 60) for _ in range(3)]
    pool.close()
    assert {future.result(timeout=10).kind for future in futures} == {ReplyKind.CLOSED}
