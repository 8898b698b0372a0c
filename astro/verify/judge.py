"""Runs the tests, inside its own sandbox; the program under test is at the other end of a socket.

Names that the tests use and do not define become stand-ins, which send a call to the program and return a value of
built-in types. The tests come from the data set, not from the model; even so they never run in the verifier's process.
Standard library only.
"""

import ast
import builtins
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from socket import socket
from typing import Any

from astro.verify import exchange
from astro.verify.jail import main as jail


class ProgramGoneError(BaseException):
    """The program has ended; not an Exception, so that no test can swallow it."""


class UntestableError(BaseException):
    """A test that cannot run across a socket, whatever the program is."""


class _Program:
    """The program at the far end; it gets one call at a time."""

    def __init__(self, channel: socket) -> None:
        self._channel = channel
        self.failure: str | None = None  # why there is nothing to test
        status, *described = self._receive()
        if status != "ready":
            self.failure = ": ".join(map(str, described))

    def call(self, number: int, name: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Call attribute name of the program's object number (0 is the program)."""
        try:
            forms = [exchange.encode(list(arguments)), exchange.encode(keywords)]
        except exchange.ValueRefusedError as error:
            raise UntestableError(f"a test passes {error}") from error
        try:
            exchange.send(self._channel, json.dumps([number, name, *forms]).encode())
        except OSError as error:
            raise ProgramGoneError("the program ended early") from error
        kind, *rest = self._receive()
        if kind == "raised":
            raise _builtin_exception(str(rest[0]))(str(rest[1]))
        if kind == "refused":
            raise TypeError(f"the program returned {rest[0]}")
        if len(rest) > 1 and rest[1] is not None:
            _update(arguments, exchange.decode(rest[1]))
        return _Object(self, int(rest[0])) if kind == "object" else exchange.decode(rest[0])

    def _receive(self) -> list[Any]:
        try:
            reply = json.loads(exchange.receive(self._channel))
        except (OSError, ValueError, RecursionError) as error:
            raise ProgramGoneError("the program ended early") from error
        if not isinstance(reply, list) or not reply:
            raise ProgramGoneError("the program broke off the exchange")
        return reply


class _Object:
    """A stand-in for an instance in the program: only its methods can be used, and it equals only itself."""

    def __init__(self, program: _Program, number: int) -> None:
        self._program, self._number = program, number

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: self._program.call(self._number, name, args, kwargs)


def _builtin_exception(name: str) -> type[Exception]:
    kind = getattr(builtins, name, None)
    return kind if isinstance(kind, type) and issubclass(kind, Exception) else RuntimeError


def _update(arguments: tuple[Any, ...], after: Any) -> None:
    """Copy into lists, dictionaries and sets the content that the call left in them."""
    for before, now in zip(arguments, after, strict=False):
        if isinstance(before, list | bytearray) and type(before) is type(now):
            before[:] = now
        elif isinstance(before, dict | set) and type(before) is type(now):
            before.clear()
            before.update(now)


def split_tests(tests: list[str], entry_point: str | None) -> list[list[ast.stmt]]:
    """Cut tests into units that pass or fail: each assert with the statements that lead to it. Raises SyntaxError.

    A unit test in HumanEval's style (def check(candidate)) is called with the entry point.
    """
    units = []
    for text in tests:
        pending: list[ast.stmt] = []
        body = ast.parse(text).body
        for statement in body:
            pending.append(statement)
            if isinstance(statement, ast.Assert):
                units.append(pending)
                pending = []
        checks = any(isinstance(statement, ast.FunctionDef) and statement.name == "check" for statement in body)
        called = any(isinstance(node, ast.Name) and node.id == "check" for node in ast.walk(ast.parse(text)))
        if checks and not called and entry_point:
            pending += ast.parse(f"check({entry_point})").body
        if pending:
            units.append(pending)
    return units


def _foreign_names(tests: list[str]) -> set[str]:
    """Names the tests use and neither define nor find among the built-ins."""
    used: set[str] = set()
    defined: set[str] = set()
    for node in ast.walk(ast.parse("\n".join(tests))):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else defined).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.arg):
            defined.add(node.arg)
        elif isinstance(node, ast.alias):
            defined.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            defined.add(node.name)
    return {name for name in used - defined if not hasattr(builtins, name)}


def _play(control: socket, order: dict[str, Any]) -> None:
    """Run the tests and report each: passed, failed, ended early with all that follow, or untestable."""
    sys.path[:] = order["path"]
    tests, entry_point = order["tests"], order["entry_point"]
    with control, socket(fileno=order["channel"]) as channel, suppress(OSError):
        try:
            units = split_tests(tests, entry_point)
            names = _foreign_names(tests) | ({entry_point} if entry_point else set())
        except (SyntaxError, ValueError) as error:
            _say(control, "untestable", f"the tests are not Python: {error}")
            return
        try:
            program = _Program(channel)
        except ProgramGoneError as error:
            _say(control, "ended", str(error), len(units))
            return
        if program.failure is not None:
            _say(control, "ended", f"the program does not load: {program.failure}", len(units))
            return
        _say(control, "started", "", len(units))
        _run_units(control, units, program, names)


def _run_units(control: socket, units: list[list[ast.stmt]], program: _Program, names: set[str]) -> None:
    namespace: dict[str, Any] = {"__name__": "tests"}
    for name in names:
        namespace[name] = lambda *args, _name=name, **kwargs: program.call(0, _name, args, kwargs)
    for unit in units:
        try:
            exec(compile(ast.Module(unit, []), "<tests>", "exec"), namespace)  # noqa: S102 - the data set's own tests
            _say(control, "passed")
        except AssertionError as error:
            _say(control, "failed", str(error)[:200] or ast.unparse(unit[-1])[:200])
        except ProgramGoneError as error:
            _say(control, "ended", str(error), len(units))
            return
        except UntestableError as error:
            _say(control, "untestable", str(error))
            return
        except Exception as error:  # noqa: BLE001 - a test that raises has failed
            _say(control, "failed", f"{type(error).__name__}: {str(error)[:200]} in {ast.unparse(unit[-1])[:200]}")


def _say(control: socket, outcome: str, reason: str = "", count: int = 1) -> None:
    exchange.send(control, json.dumps([outcome, reason, count]).encode())


def main() -> None:
    """Confine this process and run the tests."""
    jail(_play)
