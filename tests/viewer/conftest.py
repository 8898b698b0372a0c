"""One Chromium for all browser tests, and a check that a page neither complains nor asks anybody else."""

from collections.abc import Iterator
from pathlib import Path
from shutil import which

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from viewed import add_evaluations, hostile_run, scripted_run

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium, as Debian packages it."""
    found = which("chromium") or pytest.fail("the browser tests need Chromium: apt-get install chromium")
    expect.set_options(timeout=60_000)  # of a machine with other work
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield started
        started.close()


class Watched:
    """A page with what it said and asked."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.said: list[str] = []
        self.asked: list[str] = []
        page.set_default_timeout(60_000)
        page.on(
            "console", lambda message: self.said.append(message.text) if message.type in {"error", "warning"} else None
        )
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("dialog", lambda dialog: self.said.append(dialog.message))
        page.on("request", lambda request: self.asked.append(request.url))


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    """A page; after the test it must have complained of nothing and asked only its own file or server."""
    page = browser.new_page(viewport={"width": 1280, "height": 860}, color_scheme="light")
    found = Watched(page)
    yield found
    outside = [url for url in found.asked if not url.startswith(("file://", "data:", "blob:", "http://127.0.0.1:"))]
    page.close()
    assert found.said == []
    assert outside == []


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with evaluations. Tests must not write to it."""
    path = scripted_run(tmp_path_factory.mktemp("runs"))
    add_evaluations(path)
    return path


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose every text is hostile. Tests must not write to it."""
    return hostile_run(tmp_path_factory.mktemp("hostile") / "r")
