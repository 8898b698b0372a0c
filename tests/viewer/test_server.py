import json
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest
from starlette.testclient import TestClient
from viewed import SCRIPT, add_evaluations, unpacked

from astro.store.atomic import write_marker
from astro.viewer.labels import read_labels
from astro.viewer.server import Site, app_of, distinct_names

PORT = 8620


@pytest.fixture
def site(run: Path, tmp_path: Path) -> Site:
    return Site([copytree(run, tmp_path / "copy")])


@pytest.fixture
def client(site: Site) -> Iterator[TestClient]:
    address = f"http://127.0.0.1:{PORT}"
    with TestClient(app_of(site, PORT), base_url=address, headers={"x-astro-token": site.token}) as client:
        yield client


def test_the_page_comes_with_a_policy(client: TestClient, site: Site) -> None:
    """The page may ask its own server only; it holds the token, and no other site may frame it."""
    answer = client.get("/", headers={"x-astro-token": ""})
    assert answer.status_code == 200
    assert site.token in answer.text
    assert "connect-src 'self'" in answer.text
    assert answer.headers["x-frame-options"] == "DENY"


def test_data_needs_the_token(client: TestClient) -> None:
    """Another page in the same browser does not know the token, so it can read nothing."""
    assert client.get("/api/runs/0/problems", headers={"x-astro-token": "guess"}).status_code == 403
    assert client.get("/api/runs/0/problems").json()["total"] == 6


def test_another_name_for_the_address_is_refused(client: TestClient) -> None:
    """A name of somebody else that resolves to this machine does not reach the server."""
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/runs/0/problem?id=nobody", 404),
        ("/api/runs/0/problem", 400),
        ("/api/runs/7/problems", 400),
        ("/api/runs/0/beauty", 400),
        ("/api/runs/0/problems?sort=beauty", 400),
        ("/api/runs/0/rollouts?id=nobody&node=-1", 400),
        ("/etc/passwd", 404),
    ],
)
def test_a_wrong_question_is_an_answer(client: TestClient, address: str, status: int) -> None:
    """What the run does not have is not found; what cannot be asked is a mistake that the answer names."""
    assert client.get(address).status_code == status


def test_every_view_is_answered(client: TestClient, site: Site) -> None:
    """Facts, problems, a document, rollouts, distributions, evaluations, a set, responses and labels."""
    name = next(iter(site.runs[0].problems))
    assert client.get("/api/runs/0/facts").json()["facts"]["trees"] == 6
    document, _ = unpacked(client.get("/api/runs/0/problem", params={"id": name}).content)
    assert document["problem"]["id"] == name
    assert client.get("/api/runs/0/rollouts", params={"id": name, "node": 0}).json()
    assert client.get("/api/runs/0/distributions").json()[0]["title"] == "Values of nodes"
    (evaluated,) = client.get("/api/runs/0/evaluations").json()
    assert evaluated["models"][0]["model"] == "base"
    listed = client.get("/api/runs/0/set", params={"set": "held-out"}).json()
    assert listed[0]["models"]["base"][1] == 2
    asked = {"set": "held-out", "id": listed[0]["id"]}
    responses = client.get("/api/runs/0/responses", params=asked).json()
    astro = next(each for each in responses["models"] if each["model"] == "astro-sft")
    assert [kind for kind, _ in astro["responses"][0]["pieces"]] == ["attempt", "return", "attempt"]


def test_a_label_is_kept(client: TestClient, site: Site) -> None:
    """A posted label is in RUN/labels.jsonl, and in the list of problems."""
    name = next(iter(site.runs[0].problems))
    label = {"problem_id": name, "trace_id": f"{name}/search-0", "visit": 1, "mark": "bad", "note": SCRIPT}
    assert client.post("/api/runs/0/labels", json=label).status_code == 204
    (kept,) = read_labels(site.runs[0].path).values()
    assert (kept.mark, kept.visit, kept.note) == ("bad", 1, SCRIPT)
    found = client.get("/api/runs/0/problems", params={"label": "bad"}).json()
    assert [row["id"] for row in found["rows"]] == [name]


def test_a_label_comes_from_the_page(client: TestClient, site: Site) -> None:
    """Another origin, another problem, too many bytes or no JSON leave no label."""
    name = next(iter(site.runs[0].problems))
    label = {"problem_id": name, "trace_id": "t", "visit": None, "mark": "good"}
    assert client.post("/api/runs/0/labels", json=label, headers={"origin": "http://evil.example"}).status_code == 403
    assert client.post("/api/runs/0/labels", json=label, headers={"x-astro-token": ""}).status_code == 403
    assert client.post("/api/runs/0/labels", json=label | {"problem_id": "nobody"}).status_code == 400
    assert client.post("/api/runs/0/labels", content=b"{").status_code == 400
    assert client.post("/api/runs/0/labels", content=json.dumps("x" * 70_000)).status_code == 400
    assert read_labels(site.runs[0].path) == {}


def test_what_comes_after_the_traces_is_followed(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Evaluations and trained models that are finished while the page is open are in the next answers."""
    copy = copytree(run, tmp_path / "copy", ignore=ignore_patterns("evaluations", "checkpoints"))
    monkeypatch.setattr("astro.viewer.opened._PAUSE", 0.0)
    site = Site([copy])
    assert json.loads(site.answer(0, "evaluations", {})) == []
    assert json.loads(site.answer(0, "facts", {}))["changed"] is False
    add_evaluations(copy)
    trained = copy / "checkpoints" / "astro" / "sft"
    write_marker(trained / "done.json", [], model="tiny", data="sft", stage="sft")
    answer = json.loads(site.answer(0, "facts", {}))
    assert answer["changed"] is True
    assert answer["facts"]["lineage"]["checkpoints"] == [{"name": "astro/sft", "model": "tiny", "data": "sft"}]
    assert len(json.loads(site.answer(0, "evaluations", {}))[0]["models"]) == 3


def test_a_later_round_is_a_further_run(run: Path, tmp_path: Path) -> None:
    """A page that is loaded again shows the rounds that began since, after those that it had."""
    copytree(run, tmp_path / "r" / "rounds" / "1")
    site = Site([tmp_path / "r"])
    assert [each.name for each in site.runs] == ["r/1"]
    copytree(run, tmp_path / "r" / "rounds" / "2")
    assert '"name":"r/2"' in site.page()
    assert [each.name for each in site.runs] == ["r/1", "r/2"]


def test_runs_of_one_name_get_different_ones() -> None:
    """Rounds are all called by a number; their names say of which run."""
    assert distinct_names([Path("/a/r"), Path("/a/s")]) == ["r", "s"]
    assert distinct_names([Path("/a/1"), Path("/b/1")]) == ["a/1", "b/1"]
