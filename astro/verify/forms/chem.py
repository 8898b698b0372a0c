"""Chemistry: the same molecule, or the same reaction, by canonical isomeric SMILES (RDKit).

Stereochemistry, isotopes and charges matter; the order of atoms and components, Kekule or aromatic notation, explicit
hydrogens and atom maps do not. RDKit reads hostile text only in a pool worker, where a hang or a crash does no harm.
"""

import importlib.util
import json
import re
from functools import lru_cache
from typing import Any

from astro.verify.errors import MissingLibraryError
from astro.verify.extraction import Extraction
from astro.verify.settings import VerifyConfig
from astro.verify.subject import Subject
from astro.verify.verdict import Outcome, Verdict

SETTLES_QUICKLY = True
MAX_LENGTH = 1000  # characters of a SMILES
_WRAPPED = re.compile(r"\\(?:text|texttt|mathrm|mathtt|ce|verb)\s?\{(.*)\}", re.DOTALL)
_SMILES = re.compile(r"[A-Za-z0-9@+\-\[\]()=#$:/\\.%*~>]+")


def verify(problem: Subject, extraction: Extraction, config: VerifyConfig) -> Verdict | None:  # noqa: ARG001
    """Refuse what cannot be a SMILES; the rest is for settle. Raises MissingLibraryError without RDKit."""
    _require_rdkit()
    answer = extraction.answer or ""
    if extraction.parts:
        return Verdict(Outcome.MALFORMED, answer, "several different answers")
    smiles = _bare(answer)
    if len(smiles) > MAX_LENGTH:
        return Verdict(Outcome.MALFORMED, answer[:80], f"a SMILES of more than {MAX_LENGTH} characters")
    if not _SMILES.fullmatch(smiles):
        return Verdict(Outcome.MALFORMED, answer, "not a SMILES: it has a space or another foreign character")
    return None


def settle(problem: Subject, extraction: Extraction, config: VerifyConfig) -> Verdict:  # noqa: ARG001 - the convention
    """Compare canonical forms with every accepted gold (a SMILES, or a JSON list of them)."""
    answer = extraction.answer or ""
    golds = [canonical for gold in _accepted(problem.answer) if (canonical := canonical_smiles(_bare(gold)))]
    if not golds:
        return Verdict(Outcome.ERROR, answer, f"the gold answer {problem.answer[:80]!r} is not a SMILES")
    canonical = canonical_smiles(_bare(answer))
    if canonical is None:
        return Verdict(Outcome.MALFORMED, answer, "not a valid SMILES")
    if canonical in golds:
        return Verdict(Outcome.CORRECT, answer, "the same canonical SMILES", canonical)
    return Verdict(Outcome.INCORRECT, answer, f"is {canonical[:200]}", canonical)


def check_gold(problem: Subject) -> str | None:
    """Why the gold answer cannot be used, or None. Raises MissingLibraryError without RDKit."""
    _require_rdkit()
    for gold in _accepted(problem.answer):
        if canonical_smiles(_bare(gold)) is None:
            return f"the gold answer {gold[:80]!r} is not a SMILES of at most {MAX_LENGTH} characters"
    return None


def warm() -> None:
    """Import RDKit, if it is installed, and load what a comparison needs."""
    try:
        _require_rdkit()
    except MissingLibraryError:
        return
    canonical_smiles("CC(=O)O.OCC>>CC(=O)OCC")


@lru_cache(maxsize=4096)  # each response asks for the gold answer again
def canonical_smiles(smiles: str) -> str | None:
    """Canonical isomeric form without atom maps, of each side of a reaction; None if the SMILES is not valid.

    Unbounded time on hostile input: call it in a worker. Raises MissingLibraryError without RDKit.
    """
    if not 0 < len(smiles) <= MAX_LENGTH or not _SMILES.fullmatch(smiles):
        return None
    if ">" not in smiles:
        return _canonical_molecule(smiles)
    sides = smiles.split(">")  # reactants > agents > products
    if len(sides) != 3 or not sides[0] or not sides[2]:
        return None
    canonical = [_canonical_molecule(side) if side else "" for side in sides]
    return None if None in canonical else ">".join(side or "" for side in canonical)


def _canonical_molecule(smiles: str) -> str | None:
    chemistry = _rdkit()
    molecule = chemistry.MolFromSmiles(smiles)
    if molecule is None or molecule.GetNumAtoms() == 0:
        return None
    if ":" in smiles:  # an atom map, or an explicit aromatic bond
        for atom in molecule.GetAtoms():
            atom.SetAtomMapNum(0)
        # Read twice: only then is a centre that only its atom maps made chiral no longer chiral.
        molecule = chemistry.MolFromSmiles(chemistry.MolToSmiles(molecule))
        if molecule is None:
            return None
    canonical: str = chemistry.MolToSmiles(molecule)
    return ".".join(sorted(canonical.split("."))) if "." in canonical else canonical


@lru_cache(maxsize=1)
def _rdkit() -> Any:
    """RDKit, with its log switched off, since invalid SMILES are expected."""
    from rdkit import Chem, RDLogger  # noqa: PLC0415 - heavy and optional

    RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]
    return Chem


def _bare(answer: str) -> str:
    """The SMILES without quotes, code marks or one LaTeX wrapper around it."""
    text = answer.strip()
    if len(text) > 2 * MAX_LENGTH:
        return text
    if len(text) > 1 and text[0] == text[-1] == "$":
        text = text[1:-1].strip()
    wrapped = _WRAPPED.fullmatch(text)
    if wrapped:
        text = wrapped.group(1).strip()
    return text.strip("`\"'").strip()


def _accepted(gold: str) -> list[str]:
    """The accepted SMILES: a JSON list of them, or the text itself ("[Na+]" starts like a list and is not JSON)."""
    if gold.startswith('["'):
        try:
            names = json.loads(gold)
        except (ValueError, RecursionError):
            return [gold]
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            return names
    return [gold]


@lru_cache(maxsize=1)
def _require_rdkit() -> None:
    if importlib.util.find_spec("rdkit") is None:
        raise MissingLibraryError("rdkit", "chem", "the chem verifier")
