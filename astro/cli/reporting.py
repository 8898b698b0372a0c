"""How a verb ends: its exit status, its message, and the JSON object of --json."""

import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import typer
from rich.console import Console
from rich.text import Text

from astro.errors import EXPECTED_ERRORS, BudgetSpentError, EngineDeadError
from astro.inspect.plain import plain_lines

EXIT_MISTAKE = 2  # the user can fix it: configuration, files, missing library
EXIT_AGAIN = 75  # the engine died; the same command resumes (EX_TEMPFAIL of sysexits.h)
EXIT_STOPPED = 130  # by Ctrl-C


@contextmanager
def reporting(stopped: str = "Stopped.") -> Iterator[None]:
    """Errors become one message and status 2, or 75 for a dead engine; Ctrl-C is 130; bugs keep their traceback.

    SIGTERM counts as Ctrl-C.
    """
    errors = _Errors()
    try:
        yield
    except EXPECTED_ERRORS as error:
        errors.say(Text("error: ", style="bold red") + Text(plain_lines(str(error))))
        if isinstance(error, EngineDeadError):
            errors.say(Text(stopped))
        again = isinstance(error, EngineDeadError) and not isinstance(error, BudgetSpentError)
        raise typer.Exit(EXIT_AGAIN if again else EXIT_MISTAKE) from None
    except KeyboardInterrupt:
        for number in (signal.SIGINT, signal.SIGTERM):  # what is left only cleans up; another one ends it at once
            signal.signal(number, signal.SIG_DFL)
        errors.say(Text(f"\n{stopped}"))
        raise typer.Exit(EXIT_STOPPED) from None
    except BrokenPipeError:
        _drop_output()
        raise typer.Exit(EXIT_MISTAKE) from None
    except OSError as error:  # a full disk, a missing file, no permission: the machine's, not a bug
        _drop_output()
        errors.say(Text("error: ", style="bold red") + Text(plain_lines(f"{error}; fix this and run again")))
        raise typer.Exit(EXIT_MISTAKE) from None


class _Errors:
    """Standard error; what cannot be written there is lost, and the exit status says enough."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, soft_wrap=True, highlight=False)

    def say(self, text: Text) -> None:
        """Print a message."""
        with suppress(OSError, ValueError):  # full, or closed
            self._console.print(text)


def _drop_output() -> None:
    """Send what is still to be written to standard output nowhere, because writing there has failed."""
    with suppress(OSError):
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, 1)
        os.close(sink)


def resumes() -> str:
    """What to say when a command that can be resumed is stopped."""
    return f"Stopped. Finished work is kept; `astro {shlex.join(sys.argv[1:])}` resumes here."


def console_for(as_json: bool = False) -> Console:
    """Standard output, or standard error if that is for the JSON object."""
    return Console(stderr=as_json, highlight=False)


def give(as_json: bool, facts: Callable[..., object], *arguments: object) -> None:
    """Print facts, which a function of astro.run.as_json collects, if they are wanted."""
    if as_json:
        from astro.run.as_json import as_text  # noqa: PLC0415 - heavy

        typer.echo(as_text(facts(*arguments)))


def run_facts(config: Path, settings: list[str] | None) -> object:
    """The summary of a configuration's run."""
    from astro.run.as_json import run_facts  # noqa: PLC0415 - heavy
    from astro.run.settings import load_run  # noqa: PLC0415

    return run_facts(load_run(config, settings or ()).directory)
