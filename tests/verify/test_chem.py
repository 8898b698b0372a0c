"""Chemistry: the same molecule or reaction."""

import json

import pytest

from astro.records.problem import Problem
from astro.verify import Extraction, MissingLibraryError, Outcome, VerifyConfig
from astro.verify.forms import chem

pytest.importorskip("rdkit")


def outcome(gold, answer, parts=()):
    problem, found, config = Problem("c", "", gold, "chem"), Extraction(answer, "tag", None, parts), VerifyConfig()
    verdict = chem.verify(problem, found, config) or chem.settle(problem, found, config)
    return verdict.outcome


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("CCO", "OCC"),
        ("CCO", "[CH3:1][CH2:2][OH:3]"),
        ("CCO", "C(O)C"),
        ("CCO", "[H]OCC"),
        ("CCO", "`CCO`"),
        ("CCO", r"\text{CCO}"),
        ("c1ccccc1", "C1=CC=CC=C1"),
        ("CC(=O)Oc1ccccc1C(=O)O", "O=C(O)c1ccccc1OC(C)=O"),
        ("C[C@H](O)F", "C[C@@H](F)O"),
        ("[Na+].[Cl-]", "[Cl-].[Na+]"),
        ("C/C=C/C", r"C\C=C\C"),
        ("CC(=O)O.CCO>>CC(=O)OCC", "CCO.CC(=O)O>>CCOC(C)=O"),
        ("CCO>[Pd]>CC=O", "OCC>[Pd]>O=CC"),
    ],
)
def test_same(gold, answer):
    """Order, Kekule form, atom maps and explicit hydrogens do not matter."""
    assert outcome(gold, answer) is Outcome.CORRECT


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("CCO", "CCC"),
        ("CCO", "[13CH3]CO"),
        ("CCO", "CC[O-]"),
        ("C[C@H](O)F", "CC(O)F"),
        ("C[C@H](O)F", "C[C@@H](O)F"),
        ("C/C=C/C", r"C/C=C\C"),
        ("CCO", "CCO.CCO"),
        ("CCO", "CCO>>CCO"),
        ("CCO>>CC=O", "CC=O>>CCO"),
        ("CCO>[Pd]>CC=O", "CCO>>CC=O"),
    ],
)
def test_different(gold, answer):
    """Atoms, isotopes, charges, stereochemistry, amounts and direction matter."""
    assert outcome(gold, answer) is Outcome.INCORRECT


@pytest.mark.parametrize(
    "answer", ["", "ethanol", "CCO CCN", "C1CC", "C(C", "CCO>>", ">>CCO", "C>C", "C" * 2000, "C(C)(C)(C)(C)C"]
)
def test_no_smiles(answer):
    """Names, two words, broken or endless text."""
    assert outcome("CCO", answer) is Outcome.MALFORMED


def test_several_accepted():
    """The gold may be a list of accepted answers; "[Na+]" is not one, though it starts with a bracket."""
    assert outcome(json.dumps(["CCN", "CCO"]), "OCC") is Outcome.CORRECT
    assert outcome("[Na+]", "[Na+]") is Outcome.CORRECT


def test_several_answers_are_refused():
    """Two different answers are not one."""
    assert outcome("CCO", "CCO, CCN", parts=("CCO", "CCN")) is Outcome.MALFORMED


def test_unusable_gold_is_an_error():
    """A gold that is no SMILES is never a reward."""
    assert outcome("ethanol", "CCO") is Outcome.ERROR
    assert chem.check_gold(Problem("c", "", "ethanol", "chem"))


def test_missing_library_is_named(monkeypatch):
    """Without RDKit the error says what to install."""
    chem._require_rdkit.cache_clear()  # it was found before
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingLibraryError, match=r"astro-reasoner\[chem\]"):
        outcome("CCO", "CCO")
