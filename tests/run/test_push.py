"""Uploads, by the real client, to a local stand-in of the hub's API."""

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from runs import config_in, quiet

from astro.errors import StoreError
from astro.run import Stages, carry_out
from astro.run.push import push


class Hub(BaseHTTPRequestHandler):
    """The calls that an upload makes. Files arrive whole in the commit."""

    created: list[dict[str, object]]
    files: dict[str, bytes]
    tokens: set[str | None]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.tokens.add(self.headers.get("Authorization"))
        if self.headers.get("Authorization") != "Bearer hf_right":
            self._answer({"error": "Invalid user token"}, 401)
        elif self.path == "/api/repos/create":
            self.created.append(json.loads(body))
            self._answer({"url": "http://127.0.0.1/datasets/me/traces"})
        elif self.path == "/api/validate-yaml":
            self._answer({"errors": [], "warnings": []})
        elif "/preupload/" in self.path:
            files = [
                {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                for file in json.loads(body)["files"]
            ]
            self._answer({"files": files})
        elif "/commit/" in self.path:
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    self.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            address = "http://127.0.0.1/datasets/me/traces/commit/1"
            self._answer({"commitUrl": address, "commitOid": "1", "hookOutput": ""})

    def do_GET(self) -> None:
        self._answer({"error": "not here"}, 404)

    def _answer(self, content: dict[str, object], status: int = 200) -> None:
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def hub() -> Iterator[str]:
    """The address of a running stand-in."""
    Hub.created, Hub.files, Hub.tokens = [], {}, set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


def export(run: Path, hub: str, token: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command line, in a process of its own: the client reads its address when it is imported."""
    command = [sys.executable, "-m", "astro", "export", str(run), "--push-to-hub", "me/traces", *arguments]
    environment = os.environ | {"HF_ENDPOINT": hub, "HF_TOKEN": token, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=600)


def test_data_sets_arrive_whole_with_their_card(tmp_path: Path, hub: str) -> None:
    """Every Parquet file byte for byte, the card, and none of ASTRO's own files."""
    run = config_in(tmp_path, "problems.countdown.count=3", "output.license=mit")
    carry_out(run, Stages(), quiet())
    done = export(run.directory, hub, "hf_right", "--private")
    assert done.returncode == 0, done.stderr
    assert f"{hub}/datasets/me/traces" in done.stdout
    folder = run.directory / "datasets"
    given = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    del given["complete.json"]
    assert Hub.files == given
    assert yaml.safe_load(Hub.files["README.md"].decode().split("---")[1])["license"] == "mit"
    [created] = Hub.created
    assert (created["name"], created["organization"], created["type"]) == ("traces", "me", "dataset")
    assert "private" in (created.get("visibility"), "private" if created.get("private") else None)
    refused = export(run.directory, hub, "hf_wrong")
    assert refused.returncode == 2
    assert "--push-to-hub me/traces" in refused.stderr
    assert "hf_wrong" not in refused.stderr


def test_what_is_not_finished_is_not_uploaded(tmp_path: Path) -> None:
    """Neither data sets nor a checkpoint without their marker."""
    with pytest.raises(StoreError, match=r"complete\.json"):
        push(tmp_path, "me/traces", quiet())
    with pytest.raises(StoreError, match=r"done\.json"):
        push(tmp_path, "me/model", quiet(), checkpoint="astro/sft")
