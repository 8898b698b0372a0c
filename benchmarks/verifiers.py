"""Test the verifiers on a file of labelled cases, against math-verify, and on bombs and noise.

    python benchmarks/verifiers.py CASES.jsonl [--json] [--parts agreement,speed,responses,respawn,inline,bombs,noise]

Cases are lines of {id, task, problem, gold, response, expected}. Figures: agreement and false_positive_rate over all
cases, math_agreement and peer_math_agreement over the math ones, suspects (verdicts sympy does not share), speedup
(pairs a second of a mixed stream of distinct short answers over math-verify's, one core each), responses_speedup (the
same for the mathematics responses of the file, whole and each problem read again, with at most 400 of them for math-
verify), respawn_ms (median time from a killed task's reply to the next answer if no spare worker is ready), inline_ms
(longest processor time of one hostile mathematics answer in the calling process; the rest goes to a worker),
bombs_ratio (time with 5 % bombs over time without plus the bombs' limits divided by the cores), noise_correct and
noise_growth_mb (random strings found correct; growth of the process from the first tenth to the end).
"""

import argparse
import gc
import json
import os
import random
import resource
import statistics
import string
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import math_verify_peer as peer

from astro.records.problem import Problem
from astro.verify import Outcome, Verifier, VerifyConfig
from astro.verify.files import Case, ClassSummary, LineError, read_case
from astro.verify.pool import Pool, ReplyKind

Figures = dict[str, Any]
CORES = len(os.sched_getaffinity(0))


def read_cases(path: Path) -> list[Case]:
    """The labelled cases of a file; a bad line ends the benchmark."""
    cases = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            cases.append(read_case(line, number))
        except LineError as error:
            raise SystemExit(f"{path}:{number}: {error}") from error
    return cases


def agreement(cases: list[Case], say: Callable[[str], None]) -> Figures:
    """Both verifiers on the same cases; math-verify on the math ones, in a worker that is killed after 20 s."""
    verifier = Verifier(VerifyConfig(workers=CORES), second_opinions=1.0)
    rows: dict[str, ClassSummary] = {}
    theirs: dict[str, list[bool]] = {}
    slowest = 0.0
    with_peer = Pool(CORES, seconds=20.0, warm=((peer.warm, ()),))
    math = [case for case in cases if case.problem.task == "math"]
    replies = [with_peer.submit(peer.grade, case.problem.answer, case.response) for case in math]
    for case in cases:
        start = time.perf_counter()
        verdict = verifier.verify(case.problem, case.response)
        slowest = max(slowest, time.perf_counter() - start)
        rows.setdefault(case.kind, ClassSummary()).add(verdict, case.expected)
        if verdict.correct != case.expected:
            say(f"  {case.problem.id}: {verdict.outcome} ({verdict.reason}), expected {case.expected}")
    for case, future in zip(math, replies, strict=True):
        reply = future.result()
        accepted = reply.kind is ReplyKind.DONE and bool(reply.value)
        theirs.setdefault(case.kind, []).append(accepted == case.expected)
    verifier.settled()
    for suspect in verifier.suspects:
        say(f"  sympy differs: {suspect.problem_id} {suspect.outcome} ({suspect.reason})")
    verifier.close()
    with_peer.close()
    say(f"{'class':28} {'n':>5} {'agree':>7} {'FP':>4} {'FN':>4} {'math-verify':>12}")
    for kind, row in sorted(rows.items()):
        other = theirs.get(kind)
        shown = f"{sum(other) / len(other):12.3f}" if other else ""
        share = row.agreed / max(row.compared, 1)
        say(f"{kind:28} {row.lines:5} {share:7.3f} {row.false_positives:4} {row.false_negatives:4} {shown}")
    compared = sum(row.compared for row in rows.values())
    in_math = [row for kind, row in rows.items() if kind.startswith("math")]
    wrong = sum(case.expected is False for case in cases)
    peers = [agrees for part in theirs.values() for agrees in part]
    return {
        "agreement": sum(row.agreed for row in rows.values()) / max(compared, 1),
        "math_agreement": sum(row.agreed for row in in_math) / max(sum(row.compared for row in in_math), 1),
        "peer_math_agreement": sum(peers) / max(len(peers), 1),
        "false_positive_rate": sum(row.false_positives for row in rows.values()) / max(wrong, 1),
        "slowest_seconds": slowest,
        "suspects": len(verifier.suspects),
    }


def short_answers(seed: int) -> Iterator[tuple[str, str]]:
    """Distinct (gold, answer) pairs of the common kinds, half of them equal in another form; never ends."""
    rng = random.Random(seed)
    number = 1000
    while True:
        number += 1
        n, m = number, rng.randint(2, 97)
        off = rng.choice((0, 1))
        ratio = Fraction(n, m)
        yield str(n), f"{n + off:,}"
        yield f"{n}.5", f"{n + off}.50"
        yield f"\\frac{{{n}}}{{{m}}}", f"\\dfrac{{{2 * n + off}}}{{{2 * m}}}"
        yield f"{n}\\sqrt{{{m}}}", f"\\sqrt{{{n * n * m + off}}}"
        yield f"\\frac{{{n}\\pi}}{{{m}}}", f"\\frac{{{ratio.numerator + off}}}{{{ratio.denominator}}}\\pi"
        yield f"x^2+{n}x-{m}", f"{n + off}x + x^2 - {m}"
        yield f"[{m},{n})", f"\\left[{m}, {n + off}\\right)"
        yield f"\\{{{m},{n}\\}}", f"\\{{{n + off}, {m}\\}}"
        yield f"({n},{m})", f"\\left({n}, {m + off}\\right)"
        yield (
            f"\\begin{{pmatrix}}{n}&{m}\\\\1&0\\end{{pmatrix}}",
            f"\\begin{{bmatrix}}{n}&{m}\\\\1&{off}\\end{{bmatrix}}",
        )
        yield f"y={m}x+{n}", f"y = {n + off} + {m}x"
        yield f"\\text{{line {n}}}", f"\\text{{Line {n + off}}}"


def speed(say: Callable[[str], None], *, ours: int = 12_000, theirs: int = 1_200) -> Figures:
    """Pairs a second of the mixed stream, this process and its worker on one core, math-verify on the same one."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    stream = short_answers(seed=1)
    pairs = [next(stream) for _ in range(ours + 240)]
    verifier = Verifier(VerifyConfig(workers=1))
    problems = [(Problem(f"p{i}", "", gold, "math"), f"\\boxed{{{answer}}}") for i, (gold, answer) in enumerate(pairs)]
    verifier.verify_many(problems[ours:])
    start = time.perf_counter()
    verdicts = verifier.verify_many(problems[:ours])
    our_rate = ours / (time.perf_counter() - start)
    verifier.close()
    for gold, answer in pairs[ours:]:
        peer.compare(gold, answer)
    start = time.perf_counter()
    accepted = [peer.compare(gold, answer) for gold, answer in pairs[:theirs]]
    peer_rate = theirs / (time.perf_counter() - start)
    os.sched_setaffinity(0, allowed)
    differ = sum(verdict.correct != other for verdict, other in zip(verdicts, accepted, strict=False))
    say(f"pairs/s: {our_rate:,.0f}, math-verify {peer_rate:,.0f}; {differ} of {theirs} verdicts differ")
    return {"pairs_per_second": our_rate, "peer_pairs_per_second": peer_rate, "speedup": our_rate / peer_rate}


def responses(cases: list[Case], say: Callable[[str], None], *, theirs: int = 400) -> Figures:
    """Processor time of the file's mathematics responses in this process, without a cache of earlier verdicts."""
    math = [case for case in cases if case.problem.task == "math"]
    verifier = Verifier(VerifyConfig(workers=1))
    verifier.verify_now(math[0].problem, math[0].response)
    start = time.process_time()
    left = sum(verifier.verify_now(case.problem, case.response) is None for case in math[1:])
    our_rate = (len(math) - 1) / (time.process_time() - start)
    verifier.close()
    peer.warm()
    some = math[:: max(1, len(math) // theirs)]
    start = time.process_time()
    for case in some:
        peer.judge(case.problem.answer, case.response)
    peer_rate = len(some) / (time.process_time() - start)
    say(f"responses/s: {our_rate:,.0f} ({left} of {len(math)} left to a worker), math-verify {peer_rate:,.0f}")
    return {"responses_per_second": our_rate, "responses_speedup": our_rate / peer_rate}


def respawn(say: Callable[[str], None], rounds: int = 20) -> Figures:
    """Milliseconds from the reply of a killed task to the answer of the next one, with and without a spare ready."""
    pool = Pool(1, seconds=0.2, warm=((peer.warm, ()),))
    pool.run(os.getpid)
    waits: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(rounds):
        for spare in (True, False):
            assert pool.run(time.sleep, 60).kind is ReplyKind.TIMED_OUT
            if not spare:
                assert pool.run(time.sleep, 60, seconds=0.001).kind is ReplyKind.TIMED_OUT  # kills the spare
            start = time.perf_counter()
            pool.run(os.getpid)
            waits[spare].append(1e3 * (time.perf_counter() - start))
    pool.close()
    median, worst = statistics.median(waits[False]), max(waits[True] + waits[False])
    say(f"next answer after a kill: median {statistics.median(waits[True]):.1f} ms, without a spare {median:.1f} ms")
    return {"respawn_ms": median, "respawn_worst_ms": worst}


_INNER = ("\\pi", "e", "x", "n", "7", "2.5", "{}", "123456789012345678901234567890")
_OUTER = (
    *(
        "\\frac{{{0}}}{{{1}}}",
        "\\sqrt{{{0}}}",
        "\\sqrt[{1}]{{{0}}}",
        "({0})^{{{1}}}",
        "({0})!",
        "\\binom{{{0}}}{{{1}}}",
    ),
    *("\\sin({0})", "\\log_{{{1}}}({0})", "\\exp({0})", "|{0}|", "\\lfloor {0} \\rfloor", "\\arcsin({0})", "{0}+{1}"),
    *("({0})({1})", "({0})^{{999}}", "\\{{{0},{1}\\}}", "{0}<{1}", "{0}={1}", "({0},{1}]", "{0}\\pm {1}", "{0}:{1}"),
)
_LONG = (
    *("+".join(f"\\binom{{30000}}{{{15000 - n}}}" for n in range(18)), "x^{19}" * 90, "<".join(["x+1"] * 90)),
    *("\\sqrt{1+" * 40 + "x" + "}" * 40, "(" * 45 + "x+1" + ")^{19}" * 45, "\\sin" * 100 + "x", "a" * 590, "1," * 290),
    *("+".join(f"\\sqrt{{x+{n}}}" for n in range(50)), "\\{" + ",".join(f"\\sqrt{{{n}}}" for n in range(55)) + "\\}"),
    *("\\cup".join(f"(\\sqrt{{{n}}},\\sqrt{{{n + 1}}})" for n in range(25)), "\\text{ab }" * 70, "3\\text{ m }" * 50),
)


def hostile_answers(rng: random.Random, count: int) -> Iterator[str]:
    """Costly answers: nested functions of large numbers, long chains, deep brackets."""
    yield from _LONG
    for _ in range(count):
        answer = rng.choice(_INNER).format(rng.randint(1, 10**6))
        for _ in range(rng.randint(1, 9)):
            answer = rng.choice(_OUTER).format(answer, rng.choice([*_INNER, answer])).replace("{}", "3")
        yield answer


def inline(say: Callable[[str], None], count: int = 4000, seed: int = 4) -> Figures:
    """Processor time of single answers in this process, without garbage collection."""
    rng = random.Random(seed)
    verifier = Verifier(VerifyConfig(workers=1))
    golds = (
        "42",
        "\\sqrt{5}+\\pi",
        "x^2+1",
        "\\{\\sqrt2,\\sqrt3\\}",
        "[0,5)",
        "x>3",
        "\\frac{n(n+1)}{2}",
        "\\frac{1}{2004!}",
    )
    problems = [Problem(f"inline/{n}", "Work out the unknown x.", gold, "math") for n, gold in enumerate(golds)]
    verifier.verify_now(problems[1], "\\boxed{\\sqrt{7}}")  # imports mpmath
    seconds, left = [], 0
    gc.disable()
    for answer in hostile_answers(rng, count):
        problem = rng.choice(problems)
        start = time.process_time()
        left += verifier.verify_now(problem, f"\\boxed{{{answer}}}") is None
        seconds.append(time.process_time() - start)
    gc.enable()
    verifier.close()
    seconds.sort()
    worst, rest = 1e3 * seconds[-1], 1e3 * seconds[int(0.999 * len(seconds))]
    say(f"hostile answers in this process: worst {worst:.1f} ms, 99.9 % {rest:.1f} ms; {left} of {len(seconds)} left")
    return {"inline_ms": worst, "inline_left_to_workers": left}


_LOOP = "```python\ndef add(a, b):\n    while True:\n        pass  # {}\n```"
_SLEEP = "```python\nimport time\ndef add(a, b):\n    time.sleep(1000)  # {}\n```"
_HOSTILE = ("9^{{9^{{9^{{{}}}}}}}", "({}^9)!", "\\sum_{{k=1}}^{{10^{{{}}}}} \\sin k", "{}^{{2^{{2^{{2^{{2^2}}}}}}}}")


def bombs(cases: list[Case], say: Callable[[str], None], total: int, seed: int = 2) -> Figures:
    """Mixed cases with and without 5 % bombs, on all cores."""
    rng = random.Random(seed)
    config = VerifyConfig(workers=CORES, deadline=1.0)
    usual = [case for case in cases if "hang" not in case.kind and "expensive" not in case.kind]
    usual = [case for case in usual if case.problem.task != "code"]
    mixed = [(case.problem, f"{case.response} ") for case in rng.choices(usual, k=total)]
    share = total // 20
    tests = Problem("bomb/code", "", json.dumps(["assert add(1, 2) == 3"]), "code", "", {"entry_point": "add"})
    exploding = [(tests, rng.choice((_LOOP, _SLEEP)).format(n)) for n in range(share // 4)]
    while len(exploding) < share:
        number = len(exploding) + 2
        answer = rng.choice(_HOSTILE).format(number)
        exploding.append((Problem(f"bomb/{number}", "", str(number), "math"), f"\\boxed{{{answer}}}"))
    seconds = []
    both = mixed[share:] + exploding
    rng.shuffle(both)
    for pairs in (mixed[share:], both):
        verifier = Verifier(config)
        start = time.perf_counter()
        verdicts = verifier.verify_many(pairs)
        seconds.append(time.perf_counter() - start)
        verifier.close()
    stopped = sum(verdict.outcome is Outcome.TIMED_OUT for verdict in verdicts)
    allowance = seconds[0] + stopped * config.deadline / CORES
    say(f"{total} cases: {seconds[0]:.1f} s without bombs, {seconds[1]:.1f} s with {share} ({stopped} ran to a limit)")
    return {"bombs_ratio": seconds[1] / allowance, "bombs_seconds": seconds[1], "bombs_stopped": stopped}


_PIECES = [
    *("\\frac{", "\\sqrt{", "}", "{", "\\boxed{", "<answer>", "</answer>", "\\pi", "^{", "_", "\\left(", "\\right)"),
    *("\\sum", "\\int", "\\begin{pmatrix}", "\\end{pmatrix}", "&", "\\\\", "$", "\\text{", "\\cup", "\\le", "=", "+"),
    *("-", "\\infty", "x", "y", "1", "2", "7", "0", ".", ",", "!", "%", "i", "e", "\\log", "\\pm", "(", ")", "[", "]"),
    *("</think>", "or", "```", " "),
]


def noise_strings(rng: random.Random, count: int) -> Iterator[str]:
    """Random bytes, random Unicode and random LaTeX-like text, mostly inside an answer's delimiters."""
    for _ in range(count):
        size = rng.randint(0, 40)
        kind = rng.randrange(4)
        if kind == 0:
            text = bytes(rng.randrange(256) for _ in range(size)).decode("latin-1")
        elif kind == 1:
            text = "".join(chr(rng.randrange(0x110000)) for _ in range(size))
        elif kind == 2:
            text = "".join(rng.choices(_PIECES, k=size))
        else:
            text = "".join(rng.choices(string.printable, k=size))
        yield (f"\\boxed{{{text}}}", f"<answer>{text}</answer>", f"The answer is {text}", text)[rng.randrange(4)]


def noise_problems(rng: random.Random) -> list[Problem]:
    """One problem of each task that runs without a sandbox, with a random gold answer that no noise will match."""
    n = rng.randrange(10**11, 10**12)
    coordinates = [[rng.uniform(-9, 9) for _ in range(3)] for _ in range(5)]
    numbers = {"numbers": [rng.randrange(100, 1000) for _ in range(4)], "target": n}
    return [
        Problem("noise/math/1", "", f"\\frac{{{n}}}{{{n + 1}}}", "math"),
        Problem("noise/math/2", "", f"x^3+{n}x", "math"),
        Problem("noise/countdown", "", str(n), "countdown", "", numbers),
        Problem("noise/qa", "", json.dumps([f"word{n}", f"other {n}"]), "qa"),
        Problem("noise/mcq", "(A) a (B) b (C) c (D) d (E) e. All that apply.", "A,B,D,E", "mcq"),
        Problem("noise/logic", "", f"a{n} -> (b{n} & c{n})", "logic"),
        Problem("noise/bio", "", json.dumps({"coords": coordinates, "threshold": 0.1}), "bio"),
        Problem("noise/chem", "", "CC(=O)Oc1ccccc1C(=O)O", "chem"),
    ]


def noise(say: Callable[[str], None], count: int, seed: int = 3) -> Figures:
    """Random strings, in chunks, against random golds; an exception ends the benchmark."""
    rng = random.Random(seed)
    verifier = Verifier(VerifyConfig(workers=CORES, cache_size=10_000))
    sizes, correct, done = [], [], 0
    start = time.perf_counter()
    while done < count:
        chunk = list(noise_strings(rng, min(10_000, count - done)))
        problems = noise_problems(rng)
        pairs = [(problems[rng.randrange(len(problems))], text) for text in chunk]
        for (problem, text), verdict in zip(pairs, verifier.verify_many(pairs), strict=True):
            if verdict.correct:
                correct.append((problem.id, text))
        done += len(chunk)
        sizes.append(_resident_mb())
    seconds = time.perf_counter() - start
    counts = {outcome.value: n for outcome, n in verifier.counts.items()}
    verifier.close()
    growth = sizes[-1] - sizes[len(sizes) // 10]
    say(f"{count:,} strings in {seconds:.0f} s: {counts}; resident {sizes[0]:.0f} -> {sizes[-1]:.0f} MB")
    for problem_id, text in correct[:10]:
        say(f"  correct: {problem_id} {text!r}")
    return {"noise_correct": len(correct), "noise_growth_mb": growth, "noise_seconds": seconds, "noise_counts": counts}


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def main() -> None:
    """Run the requested parts and print a table, or one JSON object with --json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--parts", default="agreement,speed,respawn,inline")
    parser.add_argument("--bombs", type=int, default=10_000, help="mixed cases in the part bombs")
    parser.add_argument("--noise", type=int, default=1_000_000, help="strings in the part noise")
    options = parser.parse_args()
    cases = read_cases(options.cases)
    say: Callable[[str], None] = (lambda _: None) if options.json else print
    parts: dict[str, Callable[[], Figures]] = {
        "agreement": lambda: agreement(cases, say),
        "speed": lambda: speed(say),
        "responses": lambda: responses(cases, say),
        "respawn": lambda: respawn(say),
        "inline": lambda: inline(say),
        "bombs": lambda: bombs(cases, say, options.bombs),
        "noise": lambda: noise(say, options.noise),
    }
    chosen = options.parts.split(",")
    if unknown := set(chosen) - parts.keys():
        parser.error(f"unknown parts: {', '.join(sorted(unknown))}; known: {', '.join(parts)}")
    figures: Figures = {}
    for part in chosen:
        figures |= parts[part]()
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:24} {value:.4g}" if isinstance(value, float) else f"{name:24} {value}")


if __name__ == "__main__":
    main()
