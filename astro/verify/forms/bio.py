"""Biology: predicted atom coordinates against the gold structure, by RMSD after optimal superposition (Kabsch 1976).

The gold answer is {"coords": [[x, y, z], ...], "threshold": t} in one unit of length; the answer is a strict JSON list
of the same number of points in the same order. Rotation and translation do not matter; a mirror image does.
"""

import json
import math
from dataclasses import dataclass
from typing import Any

from astro.verify.extraction import Extraction
from astro.verify.settings import VerifyConfig
from astro.verify.subject import Subject
from astro.verify.verdict import Outcome, Verdict

MAX_POINTS = 20_000
MAX_COORDINATE = 1e4
_MAX_LENGTH = 2_000_000  # characters
_DEFAULT_THRESHOLD = 1.0  # angstrom

Points = list[list[float]]


class _UnreadableError(Exception):
    """The answer is not a list of points; the message says why."""


@dataclass(frozen=True, slots=True)
class Structure:
    """A gold structure: points (n x 3) and the largest RMSD that passes, in the same unit."""

    points: Points
    threshold: float


def verify(problem: Subject, extraction: Extraction, config: VerifyConfig) -> Verdict:  # noqa: ARG001 - the convention
    """Pass when the RMSD after superposition is at most the threshold; always decided here."""
    answer = extraction.answer or ""
    shown = answer[:200]
    if extraction.parts:
        return Verdict(Outcome.MALFORMED, shown, "several different answers")
    try:
        gold = read_gold(problem.answer)
    except _UnreadableError as error:
        return Verdict(Outcome.ERROR, shown, f"the gold answer is unusable: {error}")
    try:
        points = _read_points(answer)
    except _UnreadableError as error:
        return Verdict(Outcome.MALFORMED, shown, str(error))
    if len(points) != len(gold.points):
        return Verdict(Outcome.INCORRECT, shown, f"{len(points)} points where {len(gold.points)} are asked for")
    distance = rmsd(points, gold.points)
    reason = f"RMSD {distance:.4g}, threshold {gold.threshold:g}"
    passed = distance <= gold.threshold  # False for NaN
    return Verdict(Outcome.CORRECT if passed else Outcome.INCORRECT, shown, reason, f"{distance:.6g}")


def check_gold(problem: Subject) -> str | None:
    """Why the gold answer cannot be used, or None."""
    try:
        read_gold(problem.answer)
    except _UnreadableError as error:
        return str(error)
    return None


def read_gold(text: str) -> Structure:
    """Read {"coords": ..., "threshold": ...}, or a bare list of points with a threshold of 1."""
    gold = _load(text)
    if not isinstance(gold, dict):
        return Structure(_as_points(gold), _DEFAULT_THRESHOLD)
    threshold = gold.get("threshold", _DEFAULT_THRESHOLD)
    if type(threshold) not in {int, float} or not 0 <= threshold < math.inf:
        raise _UnreadableError(f"the threshold must be a number >= 0, not {threshold!r}")
    return Structure(_as_points(gold.get("coords")), float(threshold))


def rmsd(points: Points, reference: Points) -> float:
    """Root-mean-square distance of two lists of n x 3 points after the best proper rotation and translation.

    W. Kabsch, Acta Cryst. A32 (1976) 922: with the singular values s of the covariance of the centred points,
    n * RMSD^2 = sum |x|^2 + sum |y|^2 - 2 (s1 + s2 + d s3), d = the sign of its determinant.
    """
    import numpy as np  # noqa: PLC0415 - only this task needs it

    moving, fixed = np.asarray(points, dtype=float), np.asarray(reference, dtype=float)
    moving, fixed = moving - moving.mean(axis=0), fixed - fixed.mean(axis=0)
    left, _, right = np.linalg.svd(moving.T @ fixed)
    turn = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right)) or 1.0])
    difference = moving @ (left @ turn @ right) - fixed  # not the closed form, which loses half the digits near zero
    return float(np.sqrt((difference**2).sum() / len(fixed)))


def _read_points(answer: str) -> Points:
    text = answer.strip().strip("`$").strip()
    return _as_points(_load(text.removeprefix("json").strip()))


def _load(text: str) -> Any:
    if len(text) > _MAX_LENGTH:
        raise _UnreadableError(f"more than {_MAX_LENGTH} characters")
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise _UnreadableError(f"not strict JSON: {str(error)[:100]}") from error


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _as_points(rows: Any) -> Points:
    if not isinstance(rows, list) or not 0 < len(rows) <= MAX_POINTS:
        raise _UnreadableError(f"not a list of 1 to {MAX_POINTS} points")
    for row in rows:
        if not isinstance(row, list) or len(row) != 3:
            raise _UnreadableError(f"a point is [x, y, z], not {str(row)[:60]}")
        for value in row:
            if type(value) not in {int, float} or not -MAX_COORDINATE < value < MAX_COORDINATE:
                raise _UnreadableError(f"a coordinate is a number below {MAX_COORDINATE:g}, not {str(value)[:60]}")
    return rows
