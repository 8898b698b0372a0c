"""The page in a real browser: every view by mouse and keys, hostile text, accessibility, a served and a growing run."""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from conftest import Watched
from playwright.sync_api import expect
from viewed import LONG, PROBLEM, hostile_tree, scripted_run, wide_tree

from astro.records.problem import Problem
from astro.search.strategies.puct import puct
from astro.store import RunDirectory
from astro.store.entries import tree_entry
from astro.viewer.labels import read_labels
from astro.viewer.opened import OpenedRun
from astro.viewer.page import write_page
from astro.viewer.server import Site, app_of

WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}


@pytest.fixture(scope="module")
def file(run: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a page with two runs: the scripted one, and the same problems searched with another seed."""
    folder = tmp_path_factory.mktemp("page")
    other = scripted_run(folder, "name=other", "search.k=3")
    write_page(folder / "page.html", [OpenedRun(run), OpenedRun(other)], 100)
    return (folder / "page.html").as_uri()


@contextmanager
def served(*paths: Path) -> Iterator[str]:
    """The address of a server of some runs, in this process, as `astro view` starts it."""
    site = Site(paths)
    server = uvicorn.Server(uvicorn.Config("unused", port=0, host="127.0.0.1", log_level="warning"))
    server.config.loaded = False
    socket = server.config.bind_socket()
    port = socket.getsockname()[1]
    server.config.app = app_of(site, port)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        thread.join(20)
        socket.close()


def test_a_run_is_filtered_and_sorted(watched: Watched, file: str) -> None:
    """The page opens from disk; a search narrows the list, a heading sorts it, a link leads to the tree."""
    page = watched.page
    page.goto(file)
    expect(page.locator("[data-matching]")).to_have_text("6 of 6")
    first = page.locator("table.problems tbody tr a").first.inner_text()
    page.get_by_role("searchbox").fill(first)
    expect(page.locator("[data-matching]")).to_have_text("1 of 6")
    page.get_by_role("searchbox").fill("")
    page.get_by_role("button", name="Nodes").click()
    expect(page.locator("th[aria-sort=descending]")).to_have_text(re.compile("Nodes"))
    nodes = [int(text) for text in page.locator("table.problems tbody tr td:nth-child(5)").all_inner_texts()]
    assert nodes == sorted(nodes, reverse=True)
    page.locator("table.problems tbody tr a").first.click()
    expect(page.locator("canvas")).to_be_visible()
    assert "#/tree?run=0&id=" in page.url


def test_a_tree_is_explored_and_replayed(watched: Watched, file: str) -> None:
    """Arrow keys choose nodes, the panel shows the chosen one, a click chooses, the slider goes back in time."""
    page = watched.page
    page.goto(f"{file}#/tree")
    canvas = page.locator("canvas")
    expect(canvas).to_be_visible()
    canvas.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", name="Node 1", exact=True)).to_be_visible()
    expect(page.locator("p[role=status]")).to_have_text(re.compile(r"^Node 1: value"))
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("heading", name="Node 2", exact=True)).to_be_visible()
    page.keyboard.press("Home")
    expect(page.get_by_role("heading", name="Root")).to_be_visible()
    expect(page.locator(".rollout-list li").first).to_be_visible()
    slider = page.get_by_role("slider", name="Simulation")
    last = int(slider.get_attribute("max") or 0)
    assert last > 1
    page.keyboard.press("Escape")
    page.locator("body").press("[")
    expect(page.locator("output")).to_have_text(f"simulation {last - 1} of {last}")
    visits = page.locator(".figures div").filter(has_text="N, visits").locator("dd")
    before = int(visits.inner_text())
    page.locator("body").press("[")
    expect(page.locator("output")).to_have_text(f"simulation {last - 2} of {last}")
    assert int(visits.inner_text()) <= before
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.wheel(0, -400)
    page.mouse.down()
    page.mouse.move(box["x"] + 260, box["y"] + 230, steps=4)
    page.mouse.up()
    page.get_by_role("button", name="Show the whole tree").click()


def test_a_tree_without_room_for_shapes_is_drawn_as_pixels(watched: Watched, tmp_path: Path) -> None:
    """Of 3,000 nodes, the columns reach across the drawing; a click in the last one chooses a node."""
    with RunDirectory.create(tmp_path / "r", {"name": "r"}) as run:
        run.write_problems([Problem("wide", "Make 7.", "7", "math")], [])
        run.trees.append([tree_entry(wide_tree("wide", 3_000))])
        write_page(tmp_path / "wide.html", [OpenedRun(tmp_path / "r")], 1)
    page = watched.page
    page.goto(f"{(tmp_path / 'wide.html').as_uri()}#/tree")
    expect(page.locator("canvas[data-painted]")).to_be_visible()
    drawn = """() => {
      const canvas = document.querySelector('canvas');
      const image = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const pixels = new Uint32Array(image.data.buffer);
      const columns = new Set();
      pixels.forEach((pixel, at) => pixel === 0xffffffff || columns.add(at % canvas.width));
      return columns.size / canvas.width;
    }"""
    assert page.evaluate(drawn) > 0.5
    box = page.locator("canvas").bounding_box()
    assert box is not None
    last_column = 28 + 7 * (box["width"] - 48) / 7.7  # of eight, in which 1,907 nodes lie
    page.mouse.click(box["x"] + last_column, box["y"] + box["height"] / 2)
    expect(page.locator("h3")).to_have_text(re.compile(r"Node \d{4}"))


def test_the_terms_are_those_of_the_strategy(watched: Watched, run: Path, tmp_path: Path) -> None:
    """The score of each child of the root is V + c P sqrt(N) / (1 + N), as astro.search.strategies.puct computes it."""
    opened = OpenedRun(run)
    name = next(row["id"] for row in opened.listing.table.to_pylist() if row["nodes"] and row["nodes"] > 5)
    nodes = opened.nodes(name).to_pydict()
    with RunDirectory.read(run) as directory:
        nodes["exhausted"] = directory.trees.read(name).tables["nodes"]["exhausted"].to_pylist()
    write_page(tmp_path / "page.html", [opened], 100)
    page = watched.page
    page.goto(f"{(tmp_path / 'page.html').as_uri()}#/tree?id={name}")
    rows = page.locator("table.terms tbody tr")
    expect(rows.first).to_be_visible()
    if page.get_by_text("= score").count() == 0:
        pytest.fail("the values of a PUCT tree can be replayed")
    shown = [row.split("\t") for row in rows.all_inner_texts()]
    for cells in shown:
        child = int(re.match(r"#(\d+)", cells[0].strip()).group(1))  # type: ignore[union-attr]
        if nodes["grafted"][child] or nodes["exhausted"][child]:
            assert not cells[-1].isascii()
            continue
        visits = nodes["visits"][child]
        constant = opened.facts["lineage"]["settings"]["search"]["strategy"]["c_puct"]
        expected = puct(nodes["value"][child], nodes["prior"][child], visits, nodes["visits"][0], constant)
        assert float(cells[-1]) == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("leaves", [1, 3])
def test_every_simulation_takes_the_highest_score(watched: Watched, tmp_path: Path, leaves: int) -> None:
    """After each simulation, the first child of the root by score is the one that the next one goes through."""
    opened = OpenedRun(scripted_run(tmp_path, f"search.strategy={{kind: puct, leaves: {leaves}}}"))
    most = max(opened.listing.table.to_pylist(), key=lambda row: row["simulations"] or 0)
    write_page(tmp_path / "page.html", [opened], 100)
    page = watched.page
    page.goto(f"{(tmp_path / 'page.html').as_uri()}#/tree?id={most['id']}")
    expect(page.locator("table.terms tbody tr").first).to_be_visible()
    assert most["simulations"] > 4
    for simulation in range(most["simulations"] - 1, 0, -1):
        page.locator("body").press("[")
        expect(page.locator("output")).to_have_text(f"simulation {simulation} of {most['simulations']}")
        expect(page.locator("table.terms tbody tr").first).to_contain_text("next")


def test_an_end_has_the_rule_that_decided_its_verdict(watched: Watched, file: str, run: Path) -> None:
    """The panel of a correct end names the rule of the rollout with its text; each node has its cache hits."""
    opened, page = OpenedRun(run), watched.page
    solved = next(row["id"] for row in opened.listing.table.to_pylist() if row["status"] == "solved")
    end = opened.nodes(solved)["verdict"].to_pylist().index("correct")
    page.goto(f"{file}#/tree?id={solved}")
    panel, asked = page.locator(".panel"), opened.requests(solved)
    expect(panel).to_contain_text("requests of this tree")
    for node in (0, max(asked)):
        page.goto(f"{file}#/tree?id={solved}&node={node}")
        hits = f"{asked[node]['cached_tokens']:,} of {asked[node]['prompt_tokens']:,} prompt tokens came from the cache"
        expect(panel).to_contain_text(f"Requests that continued this node: {hits}")
    page.goto(f"{file}#/tree?id={solved}&node={end}")
    expect(page.locator(".panel header .verdict")).to_have_text(re.compile("correct"))
    expect(page.get_by_text("Verdict: reaches the target")).to_be_visible()


def test_a_drawing_outlives_a_time_without_size(watched: Watched, file: str) -> None:
    """A frame that was asked for when the drawing had no size, and comes when it has one, draws the tree."""
    page = watched.page
    page.goto(f"{file}#/compare?run=0")
    expect(page.locator(".pair canvas[data-painted]")).to_have_count(2)
    page.evaluate("""async () => {
      const wait = (time) => new Promise((done) => setTimeout(done, time));
      const soon = requestAnimationFrame;
      window.requestAnimationFrame = (call) => setTimeout(() => soon(call), 600);
      const pair = document.querySelector('.pair');
      pair.style.display = 'none';
      await wait(250);
      pair.style.display = '';
      await wait(1200);
      window.requestAnimationFrame = soon;
    }""")
    colours = """() => [...document.querySelectorAll('.pair canvas')].map((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return new Set(new Uint32Array(data.buffer)).size;
    })"""
    assert min(page.evaluate(colours)) > 5


def test_a_trace_is_followed_by_keys_and_labelled(watched: Watched, file: str) -> None:
    """j and k step through the visits; g, B and n label the trace and the visit; the labels outlast a reload."""
    page = watched.page
    page.goto(f"{file}#/trace")
    chosen = page.locator(".visit.chosen .visit-number")
    expect(chosen).to_have_text("1")
    for _ in range(3):
        page.keyboard.press("j")
    expect(chosen).to_have_text("4")
    expect(page.locator("p[role=status]")).to_have_text(re.compile("^Visit 4 of"))
    page.keyboard.press("k")
    expect(chosen).to_have_text("3")
    page.set_viewport_size({"width": 1280, "height": 420})
    for _ in range(3):
        page.keyboard.press("j")
        expect(page.locator(".visit.chosen .visit-head")).to_be_in_viewport(ratio=1)
    for _ in range(3):
        page.keyboard.press("k")
    expect(chosen).to_have_text("3")
    expect(page.locator(".visit.doubt").first).to_be_attached()
    expect(page.locator(".visit.backtrack").first).to_be_attached()
    page.keyboard.press("g")
    expect(page.locator(".tabs .mark.good")).to_have_text("good")
    page.keyboard.press("B")
    expect(page.locator(".visit.chosen .mark.bad")).to_have_text("bad")
    page.keyboard.press("n")
    page.get_by_role("textbox", name="Note").fill("goes back too early")
    page.keyboard.press("Enter")
    expect(page.locator(".label q")).to_have_text("goes back too early")
    page.reload()
    expect(page.locator(".tabs .mark.good")).to_have_text("good")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save labels").click()
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert {(json.loads(line)["visit"], json.loads(line)["mark"]) for line in lines} == {(None, "good"), (2, "bad")}
    page.evaluate("localStorage.clear()")


def test_the_traces_of_a_run_are_walked_by_keys(watched: Watched, file: str, run: Path) -> None:
    """] after the last trace of a problem is the first of the next problem, [ leads back, and the end is announced."""
    rows = [row for row in OpenedRun(run).listing.table.to_pylist() if row["traces"]]
    page = watched.page
    page.goto(f"{file}#/trace?id={rows[0]['id']}&trace=0")
    shown, tab = page.locator(".head h2"), page.locator(".tabs [aria-current]")
    for row in rows:
        for trace in range(row["traces"]):
            expect(shown).to_have_text(row["id"])
            expect(tab).to_have_text(re.compile(rf"^{trace + 1}\."))
            page.keyboard.press("]")
    expect(page.locator("p[role=status]")).to_have_text("The last trace of the run")
    page.goto(f"{file}#/trace?id={rows[1]['id']}&trace=0")
    expect(shown).to_have_text(rows[1]["id"])
    page.keyboard.press("[")
    expect(shown).to_have_text(rows[0]["id"])
    expect(tab).to_have_text(re.compile(rf"^{rows[0]['traces']}\."))


def test_runs_and_models_are_compared(watched: Watched, file: str) -> None:
    """Two trees of one problem, side by side; the responses of three models with their ways back; the curve."""
    page = watched.page
    page.goto(f"{file}#/compare?run=0")
    expect(page.locator(".pair canvas")).to_have_count(2)
    expect(page.locator(".pair h3")).to_have_text(["looked-at", "other"])
    expect(page.locator(".columns h4")).to_have_text(["base", "Direct-SFT", "ASTRO-SFT"])
    ours = page.locator(".columns article").nth(2)
    expect(ours.locator(".piece.first")).to_have_count(1)
    expect(ours.locator(".piece.return")).to_have_count(1)
    expect(ours.locator(".final")).to_be_visible()
    expect(page.locator(".curve polyline")).to_have_count(3)


def test_hostile_text_is_only_text(watched: Watched, hostile: Path, tmp_path: Path) -> None:
    """Scripts, HTML, direction marks, a line of a megabyte and 10,000 rollouts are shown; none of them acts."""
    write_page(tmp_path / "hostile.html", [OpenedRun(hostile)], 10)
    page, address = watched.page, (tmp_path / "hostile.html").as_uri()
    page.goto(address)
    expect(page.locator(".problem").first).to_contain_text("<script>window.pwned")
    expect(page.locator(".hidden-character").first).to_have_text(re.compile(r"U\+202E"))
    page.locator(".problem a").first.click()
    expect(page.locator("canvas")).to_be_visible()
    page.locator("canvas").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".step .more")).to_have_text("994,000 more characters")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_text("10,000 rollouts")).to_be_visible()
    expect(page.locator(".rollout-list li")).to_have_count(12)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".step .katex").first).to_be_visible()
    assert page.locator(".step a[href]").count() == 0
    page.goto(f"{address}#/trace")
    expect(page.locator(".visit")).to_have_count(5)
    expect(page.locator(".visit.conclude ins")).to_have_text("so 7")
    expect(page.locator(".visit.conclude .original .katex").first).to_be_visible()
    page.get_by_text("Not used").scroll_into_view_if_needed()
    page.locator(".rejects summary").first.click()
    page.goto(f"{address}#/run")
    expect(page.locator(".lineage")).to_contain_text("<script>")
    assert page.evaluate("window.pwned") is None
    assert page.locator("img").count() == 0
    assert len(LONG) == 1_000_000


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (1280, "dark"), (390, "light")])
def test_every_view_meets_wcag_aa(watched: Watched, file: str, width: int, theme: str) -> None:
    """axe finds nothing in any view, in either theme, at the width of a desk and of a phone; nothing is cut off."""
    page = watched.page
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(file)
    if theme == "dark":
        page.keyboard.press("d")
    expect(page.locator("html")).to_have_attribute("data-theme", theme)
    for place, ready in (("run", ".lineage"), ("tree", ".rollouts"), ("trace", ".visit"), ("compare", ".columns h4")):
        page.goto(f"{file}#/{place}")
        expect(page.locator(ready).first).to_be_visible()
        found = Axe().run(page, options=WCAG).response["violations"]
        assert [(each["id"], [node["html"][:160] for node in each["nodes"][:3]]) for each in found] == []
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_a_served_run_is_labelled(watched: Watched, run: Path, tmp_path: Path) -> None:
    """The server's page filters on the server, reads trees as needed, and keeps labels in the run."""
    copy = copytree(run, tmp_path / "copy")
    page = watched.page
    with served(copy) as address:
        page.goto(address)
        expect(page.locator("[data-matching]")).to_have_text("6 of 6")
        page.get_by_role("searchbox").fill(page.locator("table.problems tbody tr a").first.inner_text())
        expect(page.locator("[data-matching]")).to_have_text("1 of 6")
        page.goto(f"{address}#/trace")
        expect(page.locator(".visit").first).to_be_visible()
        page.keyboard.press("b")
        expect(page.locator(".tabs .mark.bad")).to_have_text("bad")
        page.goto(f"{address}#/compare")
        expect(page.locator(".columns h4").first).to_have_text("base")
        page.goto("about:blank")
    assert [label.mark for label in read_labels(copy).values()] == ["bad"]


def test_a_growing_run_is_followed(watched: Watched, tmp_path: Path) -> None:
    """A problem that is searched while the page is open appears on it."""
    problems = [Problem(name, "Make 7.", "7", "math") for name in ("first", PROBLEM)]
    page = watched.page
    with RunDirectory.create(tmp_path / "r", {"name": "r", "engine": {"model": "m"}}) as growing:
        growing.write_problems(problems, [])
        with served(tmp_path / "r") as address:
            page.goto(address)
            expect(page.locator(".tag.live")).to_have_text("following: 0 of 2")
            growing.trees.append([tree_entry(hostile_tree(3))])
            expect(page.locator(".tag.live")).to_have_text("following: 1 of 2", timeout=30_000)
            expect(page.locator(".verdict.solved")).to_be_visible()
            page.goto("about:blank")
