"""The worked example of docs/verify/adding-a-form.md."""

import re
import sys
from pathlib import Path

from astro.verify import forms

PAGE = Path(__file__).parents[2] / "docs/verify/adding-a-form.md"


def test_the_example_runs_as_it_stands(tmp_path, monkeypatch):
    """The module of the page, saved as dates.py, makes every assertion of the page's second block true."""
    module, use = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "dates.py").write_text(module)
    monkeypatch.syspath_prepend(tmp_path)
    assert use.count("assert ") == 5
    try:
        exec(compile(use, str(PAGE), "exec"), {})
    finally:
        sys.modules.pop("dates", None)


def test_the_page_names_every_function_of_a_form():
    """The convention is written down once, in forms/__init__.py; the page refers to functions that are there."""
    convention = forms.__doc__ or ""
    for function in ("verify", "settle", "warm", "read", "check_gold"):
        assert f"`{function}`" in PAGE.read_text()
        assert re.search(rf"^    {function}\(", convention, re.MULTILINE)
