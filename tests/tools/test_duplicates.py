"""The check for code that stands in two places."""

from tools.duplicates import duplicates

BLOCK = "\n".join(
    f"    total_{number} = values[{number}] * weights[{number}] + total_{number - 1}" for number in range(1, 13)
)


def written(folder, **files):
    """Write Python files and return their folder as the argument of the check."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return [str(folder)]


def test_a_block_in_two_files_is_found(tmp_path):
    """Twelve equal lines are one duplicate in two places."""
    folders = written(
        tmp_path, a=f"def first(values, weights):\n{BLOCK}\n", b=f"def second(values, weights):\n{BLOCK}\n"
    )
    [places] = duplicates(folders)
    assert sorted(place.file_name.rpartition("/")[2] for place in places) == ["a.py", "b.py"]


def test_equal_imports_and_signatures_do_not_count(tmp_path):
    """Only the declarations of the two files are equal."""
    imports = "".join(f"from package.module_{number} import name_{number}\n" for number in range(20))
    signature = "def work(\n" + "".join(f"    argument_{number}: int,\n" for number in range(12)) + ") -> int:\n"
    files = {
        name: f"{imports}\n\n{signature}    return {body}\n" for name, body in (("a", "1"), ("b", "argument_1 + 2"))
    }
    assert not list(duplicates(written(tmp_path, **files)))
