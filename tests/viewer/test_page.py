import base64
import gzip
import json
import re
from hashlib import sha256
from pathlib import Path

import pyarrow.parquet as pq
from viewed import PROBLEM, SCRIPT, part_of, texts_of, unpacked

from astro.records.problem import Problem
from astro.records.rejection import Reason, RejectedRow
from astro.store import RunDirectory
from astro.viewer.opened import OpenedRun, as_json
from astro.viewer.page import page_text, shared_problems, template, write_page

WEB = Path(__file__).parents[2] / "web"


def test_the_built_page_is_current() -> None:
    """The page in the package was built from the sources in web/; otherwise run `make page`."""
    names = ["build.mjs", "package-lock.json", "package.json", "tsconfig.json"]
    names += [str(path.relative_to(WEB)) for path in (WEB / "src").rglob("*") if path.is_file()]
    whole = sha256()
    for name in sorted(names):
        whole.update(f"{name}\0".encode() + (WEB / name).read_bytes() + b"\0")
    assert f'<meta name="astro-sources" content="{whole.hexdigest()}">' in template()


def test_the_lock_names_no_registry() -> None:
    """Packages come from the registry that npm is configured with."""
    assert "resolved" not in (WEB / "package-lock.json").read_text(encoding="utf-8")


def test_the_policy_allows_only_the_scripts_of_the_page() -> None:
    """The hashes in the content security policy are those of the one script and the one style; nothing may be asked."""
    text = page_text({"mode": "file", "version": "0", "runs": []}, "'none'")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    for tag in ("script", "style"):
        inside = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(sha256(inside[0].encode()).digest()).decode()
        assert len(inside) == 1
        assert f"{tag}-src 'sha256-{digest}'" in policy[1]
    assert "default-src 'none'" in policy[1]
    assert "connect-src 'none'" in policy[1]


def test_data_cannot_leave_its_element() -> None:
    """JSON in the page has no character that HTML reads, and comes back as it was."""
    document = {"text": f"{SCRIPT} & </script> \u2028"}
    assert not re.search("[<>&]", as_json(document))
    assert json.loads(as_json(document)) == document


def test_a_hostile_run_is_data_only(hostile: Path, tmp_path: Path) -> None:
    """Nothing of a model stands in the page outside of the elements that are not run."""
    file = tmp_path / "page.html"
    write_page(file, [OpenedRun(hostile)], 10)
    text = file.read_text(encoding="utf-8")
    assert SCRIPT not in text
    packed = re.search(r'id="chunk-0-0">([^<]*)<', text)
    assert packed is not None
    held, problems = unpacked(gzip.decompress(base64.b64decode(packed[1])))
    document, parts = unpacked(part_of(held[PROBLEM], problems))
    rollouts = json.loads(part_of(document["tree"]["rollouts"], parts))
    assert rollouts[2][0][0] == f"{SCRIPT} 0"
    assert len(rollouts[2]) == 10_000


def test_a_large_run_gives_an_even_share(run: Path, tmp_path: Path) -> None:
    """Every problem is listed; the file holds the trees of as many as were asked for, spread over the run."""
    opened = OpenedRun(run)
    assert shared_problems(opened, 3) == [list(opened.problems)[index] for index in (0, 2, 4)]
    file = tmp_path / "page.html"
    write_page(file, [opened], 3)
    boot = re.search(r'id="boot">(.*?)</script>', file.read_text(encoding="utf-8"), re.DOTALL)
    assert boot is not None
    (only,) = json.loads(boot[1])["runs"]
    assert len(only["rows"]) == 6
    assert sorted(only["chunks"]) == sorted(shared_problems(opened, 3))


def test_a_document_has_the_tree_as_it_is_stored(run: Path) -> None:
    """Columns of the page are those of the tables, and rollouts come node by node."""
    opened = OpenedRun(run)
    name = next(iter(opened.problems))
    nodes, (document, parts) = opened.nodes(name), unpacked(opened.document(name))
    columns = document["tree"]["nodes"]
    assert texts_of(columns["text"], parts) == nodes["text"].to_pylist()
    assert memoryview(part_of(columns["visits"], parts)).cast("i").tolist() == nodes["visits"].to_pylist()
    assert [len(opened.rollouts(name, node)) for node in range(len(nodes))] == nodes["sampled"].to_pylist()
    assert [trace["kind"] for trace in document["traces"]][-1:] in ([], ["control"], ["search"], ["direct"])


def test_rejected_rows_are_counted_by_their_reason(tmp_path: Path) -> None:
    """Rows of the source that became no problems are what the first filter took."""
    reasons = [Reason.DUPLICATE_ID, Reason.MISSING_ANSWER, Reason.MISSING_ANSWER]
    rejected = [RejectedRow("s.jsonl", line, reason, "", "") for line, reason in enumerate(reasons, 1)]
    with RunDirectory.create(tmp_path / "r", {"name": "r"}) as run:
        run.write_problems([Problem("p", "Make 7.", "7", "math")], rejected)
    assert OpenedRun(tmp_path / "r").facts["rejected_rows"] == {"missing answer": 2, "duplicate id": 1}


def test_the_lineage_counts_the_rows_of_the_data_sets(run: Path) -> None:
    """Each data set stands with the rows that its files have, training and test together."""
    folders = [folder for folder in (run / "datasets").iterdir() if folder.is_dir()]
    rows = {each.name: sum(pq.read_metadata(file).num_rows for file in each.glob("*.parquet")) for each in folders}
    assert rows
    assert OpenedRun(run).facts["lineage"]["datasets"] == rows
