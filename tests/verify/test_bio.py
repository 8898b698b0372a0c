"""Structures: RMSD after superposition."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro.records.problem import Problem
from astro.verify import Extraction, Outcome, VerifyConfig
from astro.verify.forms import bio

POINTS = [[0, 0, 0], [1.5, 0, 0], [1.5, 1.5, 0], [0, 1.5, 1.0], [3.0, 2.0, -1.0]]


def outcome(answer, points=POINTS, threshold=0.4):
    problem = Problem("b", "", json.dumps({"coords": points, "threshold": threshold}), "bio")
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return bio.verify(problem, Extraction(text, "tag"), VerifyConfig()).outcome


def moved(points, angle, shift):
    cos, sin = math.cos(angle), math.sin(angle)
    return [[cos * x - sin * y + shift, sin * x + cos * y - shift, z + 2 * shift] for x, y, z in points]


@given(st.floats(-7, 7), st.floats(-100, 100))
def test_rotation_and_translation_are_free(angle, shift):
    """A rigidly moved copy superposes to (nearly) nothing."""
    assert bio.rmsd(moved(POINTS, angle, shift), POINTS) < 1e-6


def test_rmsd_of_a_stretched_pair():
    """Two points one apart against two points three apart: each is off by one, so the RMSD is 1."""
    assert bio.rmsd([[0, 0, 0], [1, 0, 0]], [[0, 0, 0], [3, 0, 0]]) == pytest.approx(1.0)


def test_mirror_image_is_another_structure():
    """A reflection does not superpose."""
    assert outcome([[-x, y, z] for x, y, z in POINTS]) is Outcome.INCORRECT


def test_threshold():
    """At most the threshold passes: a pair stretched by two has an RMSD of 1."""
    pair, stretched = [[0, 0, 0], [1, 0, 0]], [[0, 0, 0], [3, 0, 0]]
    assert outcome(stretched, pair, 1.001) is Outcome.CORRECT
    assert outcome(stretched, pair, 0.999) is Outcome.INCORRECT


@pytest.mark.parametrize("wrong", [POINTS[:4], POINTS[::-1], [[0, 0, 0]] * 5, [*POINTS, [0, 0, 0]]])
def test_other_structures(wrong):
    """Points missing, added, reordered or collapsed."""
    assert outcome(wrong) is Outcome.INCORRECT


@pytest.mark.parametrize(
    "text",
    ["", "[]", "[[0,0]]", "[[0,0,0],[NaN,0,0]]", "[[0,0,Infinity]]", "[[1e400,0,0]]", "[[1e308,0,0]]",
     '[["0","0","0"]]', "[[true,0,0]]", "[[null,0,0]]", "{}", "0", "[[0,0,0]", "[[0,0,0]] or so", "[" * 100_000,
     "[[" + "9" * 5000 + ",0,0]]"],
)  # fmt: skip
def test_no_coordinates(text):
    """Anything but a strict JSON list of finite points."""
    assert outcome(text) is Outcome.MALFORMED


@pytest.mark.parametrize("gold", ["", "[]", "{}", '{"coords": [[0, 0, 0]], "threshold": -1}', '{"coords": [[0, 0]]}'])
def test_unusable_gold_is_an_error(gold):
    """A gold without points or with a senseless threshold is never a reward."""
    problem = Problem("b", "", gold, "bio")
    assert bio.verify(problem, Extraction("[[0,0,0]]", "tag"), VerifyConfig()).outcome is Outcome.ERROR
    assert bio.check_gold(problem)
