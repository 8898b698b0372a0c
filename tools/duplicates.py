"""Find blocks of code that stand in two places: `python -m tools.duplicates FOLDER...` exits with status 1 if any do.

lizard compares the token streams of all files at once, in seconds; pylint's duplicate-code compares every pair of files
and took minutes. Imports, which repeat by their nature, do not count.
"""

import ast
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import lizard
from lizard_ext.lizardduplicate import CodeSnippet, LizardExtension

LEAST_LINES = 10
"""Fewer lines of code in common are no repetition worth removing."""


def duplicates(folders: Sequence[str]) -> Iterator[list[CodeSnippet]]:
    """Yield the places of each block that occurs more than once, up to the names and constants in it."""
    finder = LizardExtension()
    for _ in lizard.analyze(folders, lans=["python"], exts=[*lizard.get_extensions([]), finder]):
        pass
    for snippets in finder.get_duplicates():
        if all(_lines_of_code(snippet) >= LEAST_LINES for snippet in snippets):
            yield snippets


def _lines_of_code(snippet: CodeSnippet) -> int:
    text = Path(snippet.file_name).read_text(encoding="utf-8")
    module = ast.parse(text)
    passed = {number for node in ast.walk(module) for number in _uncounted(node)}
    lines = range(snippet.start_line, snippet.end_line + 1)
    rows = text.splitlines()
    return sum(bool(rows[number - 1].strip(" \t)]},")) and number not in passed for number in lines)


def _uncounted(node: ast.AST) -> range:
    """The lines of an import, of a signature, or of a string that stands by itself."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return range(node.lineno, node.body[0].lineno)
    if isinstance(node, ast.Import | ast.ImportFrom) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    ):
        return range(node.lineno, (node.end_lineno or node.lineno) + 1)
    return range(0)


if __name__ == "__main__":
    found = list(duplicates(sys.argv[1:]))
    for places in found:
        print("the same code:", *places, sep="\n  ")
    sys.exit(bool(found))
