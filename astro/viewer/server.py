"""The page of a run of any size, served on loopback: what is shown is read when it is asked for.

Only this machine can reach it, only under its own name (so no other site can, by renaming its address), and only with
the token that the page holds. It has no way to write anything but labels.
"""

import json
import secrets
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from astro import __version__
from astro.errors import EXPECTED_ERRORS, ConfigError, MissingDependencyError, StoreError
from astro.records.rounds import ROUNDS
from astro.viewer.labels import Label, add_label, by_problem, read_labels
from astro.viewer.listing import Query
from astro.viewer.opened import OpenedRun, as_json
from astro.viewer.page import page_text

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

HOST = "127.0.0.1"
_MOST_BYTES = 65_536  # of a posted label
_HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}

Answering = Callable[[OpenedRun, dict[str, str]], Any]


class Site:
    """The runs, and the answers to what the page asks. One request reads at a time."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.token = secrets.token_urlsafe(24)
        self.runs: list[OpenedRun] = []
        self._paths = paths
        self._lock = Lock()
        self._open()

    def _open(self) -> None:
        """Open the runs that are new: a run of rounds may have begun another. The others keep their numbers."""
        known = [run.path for run in self.runs]
        found = [*known, *(path for path in runs_of(self._paths) if path not in known)]
        names = distinct_names(found)
        self.runs += [OpenedRun(*new) for new in zip(found[len(known) :], names[len(known) :], strict=True)]

    def page(self) -> str:
        """The page, with the facts of the runs."""
        with self._lock:
            for run in self.runs:
                run.refresh()
            self._open()
            facts = [run.facts for run in self.runs]
        boot = {"mode": "served", "version": __version__, "token": self.token, "runs": facts}
        return page_text(boot, "'self'")

    def answer(self, number: int, what: str, query: dict[str, str]) -> str | bytes:
        """The JSON of one question, or a packed document.

        Raises ConfigError for a wrong question, StoreError if the run cannot answer.
        """
        if not 0 <= number < len(self.runs):
            raise ConfigError(f"there are runs 0 to {len(self.runs) - 1}, not {number}")
        if what not in _ANSWERS:
            raise ConfigError(f"{what!r} is none of {', '.join(_ANSWERS)}")
        with self._lock:
            try:
                found = _ANSWERS[what](self.runs[number], query)
                return found if isinstance(found, bytes) else as_json(found)
            except KeyError as missing:
                raise ConfigError(f"{what} needs {missing}") from missing

    def label(self, number: int, content: Any) -> None:
        """Add a label. Raises ConfigError if it is none, or of a problem that the run does not have."""
        if not isinstance(content, dict) or not 0 <= number < len(self.runs):
            raise ConfigError("a label is an object, and belongs to a run")
        run, label = self.runs[number], Label.from_json(content)
        if label.problem_id not in run.problems:
            raise ConfigError(f"the run has no problem {label.problem_id!r}")
        with self._lock:
            add_label(run.path, label)


def _facts(run: OpenedRun, _: dict[str, str]) -> Any:
    return {"changed": run.refresh(), "facts": run.facts}


def _problems(run: OpenedRun, query: dict[str, str]) -> Any:
    return run.rows(Query.parse(query), by_problem(read_labels(run.path)))


def _rollouts(run: OpenedRun, query: dict[str, str]) -> Any:
    if not query["node"].isdecimal():
        raise ConfigError(f"node is a number from 0, not {query['node']!r}")
    return run.rollouts(query["id"], int(query["node"]))


_ANSWERS: dict[str, Answering] = {
    "facts": _facts,
    "problems": _problems,
    "problem": lambda run, query: run.document(query["id"]),
    "rollouts": _rollouts,
    "distributions": lambda run, _: run.distributions,
    "evaluations": lambda run, _: run.evaluations,
    "set": lambda run, query: run.evaluated_problems(query["set"]),
    "responses": lambda run, query: run.responses(query["set"], query["id"]),
    "labels": lambda run, _: [asdict(label) for label in read_labels(run.path).values()],
}


def runs_of(paths: Sequence[Path]) -> list[Path]:
    """The run directories of some paths; a run of rounds stands for its rounds. Raises StoreError without a round."""
    found: list[Path] = []
    for path in paths:
        if not (path / ROUNDS).is_dir():
            found.append(path)
            continue
        rounds = [each for each in (path / ROUNDS).iterdir() if (each / "config.yaml").exists()]
        if not rounds:
            raise StoreError(f"{path} has no round yet")
        found += sorted(rounds, key=lambda each: (len(each.name), each.name))
    return found


def distinct_names(paths: Sequence[Path]) -> list[str]:
    """A name for each run: that of its folder, with those above it where two have the same, or where it is a round."""
    parts = [path.resolve().parts for path in paths]
    least = 3 if any(path.resolve().parent.name == ROUNDS for path in paths) else 1
    for length in range(least, max(map(len, parts), default=least) + 1):
        names = ["/".join(part for part in each[-length:] if part != ROUNDS) for each in parts]
        if len(set(names)) == len(names):
            return names
    return [str(path) for path in paths]


def app_of(site: Site, port: int) -> "Starlette":
    """The application of a site that listens on a port. Raises MissingDependencyError without starlette."""
    try:
        from starlette.applications import Starlette  # noqa: PLC0415 - optional
        from starlette.middleware import Middleware  # noqa: PLC0415
        from starlette.middleware.trustedhost import TrustedHostMiddleware  # noqa: PLC0415
        from starlette.routing import Route  # noqa: PLC0415
    except ImportError:
        raise MissingDependencyError("starlette", "view", "astro view") from None
    routes = [
        Route("/", partial(_respond, partial(_show_page, site))),
        Route("/api/runs/{number:int}/labels", partial(_respond, partial(_add, site, port)), methods=["POST"]),
        Route("/api/runs/{number:int}/{what}", partial(_respond, partial(_ask, site))),
    ]
    trusted = Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"], www_redirect=False)
    return Starlette(routes=routes, middleware=[trusted])


async def _respond(handle: Callable[["Request"], Awaitable["Response"]], request: "Request") -> "Response":
    """The response of a handler; an expected error becomes its message, with a status that says whose it is."""
    from starlette.responses import PlainTextResponse  # noqa: PLC0415 - optional

    try:
        response = await handle(request)
    except PermissionError as error:
        response = PlainTextResponse(str(error), 403)
    except EXPECTED_ERRORS as error:
        response = PlainTextResponse(str(error), 404 if isinstance(error, StoreError) else 400)
    response.headers.update(_HEADERS)
    return response


async def _show_page(site: Site, _: "Request") -> "Response":
    from starlette.concurrency import run_in_threadpool  # noqa: PLC0415 - optional
    from starlette.responses import HTMLResponse  # noqa: PLC0415

    return HTMLResponse(await run_in_threadpool(site.page))


async def _ask(site: Site, request: "Request") -> "Response":
    from starlette.concurrency import run_in_threadpool  # noqa: PLC0415 - optional
    from starlette.responses import Response  # noqa: PLC0415

    _check_token(site, request)
    number, what = request.path_params["number"], request.path_params["what"]
    found = await run_in_threadpool(site.answer, number, what, dict(request.query_params))
    return Response(found, media_type="application/json" if isinstance(found, str) else "application/octet-stream")


async def _add(site: Site, port: int, request: "Request") -> "Response":
    from starlette.concurrency import run_in_threadpool  # noqa: PLC0415 - optional
    from starlette.responses import Response  # noqa: PLC0415

    _check_token(site, request)
    origin = request.headers.get("origin")
    if origin not in {None, f"http://{HOST}:{port}", f"http://localhost:{port}"}:
        raise PermissionError("labels come from the page itself")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            raise ConfigError(f"a label has at most {_MOST_BYTES:,} bytes")
    await run_in_threadpool(site.label, request.path_params["number"], _json_of(body))
    return Response(status_code=204)


def _json_of(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise ConfigError(f"a label is JSON: {error}") from None


def _check_token(site: Site, request: "Request") -> None:
    if not secrets.compare_digest(request.headers.get("x-astro-token", ""), site.token):
        raise PermissionError("this address is for the page that the server sent; reload it")


def serve(paths: Sequence[Path], port: int, show: Callable[[str], None]) -> None:
    """Serve the runs until Ctrl-C. port: 0 takes a free one. show: called with the address when the page is ready."""
    try:
        import uvicorn  # noqa: PLC0415 - optional
    except ImportError:
        raise MissingDependencyError("uvicorn", "view", "astro view") from None
    site = Site(paths)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
        except OSError as error:
            raise ConfigError(f"port {port} cannot be used: {error}; choose another with --port") from None
        port = listening.getsockname()[1]
        listening.listen()
        show(f"http://{HOST}:{port}/")
        config = uvicorn.Config(app_of(site, port), log_level="warning", access_log=False, timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        server.run(sockets=[listening])
