"""Runs what a model wrote, inside the sandbox: as a module that answers calls, or as a script.

This process never sees the tests: it receives one call at a time and returns values, and the expected values stay
elsewhere. Standard library only.
"""

import json
import sys
import types
from contextlib import suppress
from socket import socket
from typing import Any

from astro.verify import exchange
from astro.verify.jail import main as jail

_MAX_ANSWERED = 64 << 20  # bytes of values in one run
_MODULE = "solution"


def _play(control: socket, order: dict[str, Any]) -> None:
    control.close()
    sys.path[:] = order["path"]
    sys.argv[:] = [_MODULE]
    if order["channel"] is None:
        _run_script(order["source"])
        return
    with socket(fileno=order["channel"]) as channel, suppress(OSError):  # the judge has ended and needs no answer
        _answer_calls(channel, order["source"])


def _run_script(source: str) -> None:
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    exec(compile(source, "<program>", "exec"), module.__dict__)  # noqa: S102 - what this process is for
    sys.stdout.flush()


def _answer_calls(channel: socket, source: str) -> None:
    """Load the program, report whether it loaded, then answer [object, name, args, kwargs] until the judge leaves."""
    module = types.ModuleType(_MODULE)
    sys.modules[_MODULE] = module
    objects: list[Any] = [module]
    try:
        exec(compile(source, "<program>", "exec"), module.__dict__)  # noqa: S102 - what this process is for
    except BaseException as error:  # noqa: BLE001 - SystemExit and whatever else a program raises while it loads
        exchange.send(channel, json.dumps(["raised", *_describe(error)]).encode())
        return
    exchange.send(channel, json.dumps(["ready"]).encode())
    answered = 0
    while answered < _MAX_ANSWERED:
        reply = _answer(json.loads(exchange.receive(channel)), objects)
        answered += len(reply)
        exchange.send(channel, reply)


def _answer(call: list[Any], objects: list[Any]) -> bytes:
    number, name, *forms = call
    try:
        arguments, keywords = (exchange.decode(form) for form in forms)
        function = getattr(objects[number], name)
        value = function(*arguments, **keywords)
        if isinstance(function, type) and function.__module__ == _MODULE:
            objects.append(value)  # an instance stays here; its methods can be called
            reply: list[Any] = ["object", len(objects) - 1]
        else:
            reply = ["value", exchange.encode(value)]
        after = exchange.encode(arguments)
        reply.append(None if after == forms[0] else after)  # how the call changed its arguments
        return json.dumps(reply).encode()
    except exchange.ValueRefusedError as error:
        return json.dumps(["refused", str(error)]).encode()
    except AttributeError as error:
        missing = number == 0 and not hasattr(objects[0], name)
        return json.dumps(["raised", "NameError" if missing else "AttributeError", str(error)[:200]]).encode()
    except BaseException as error:  # noqa: BLE001 - data for the test that may expect it
        return json.dumps(["raised", *_describe(error)]).encode()


def _describe(error: BaseException) -> tuple[str, str]:
    """The nearest built-in type's name and a short message; str() of a hostile exception may raise anything."""
    builtin = next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins")
    try:
        return builtin, str(error)[:200]
    except BaseException:  # noqa: BLE001
        return builtin, ""


def main() -> None:
    """Confine this process and run the program."""
    jail(_play)
