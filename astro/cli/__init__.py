"""The command line: each verb calls its module in astro.run. Start with `astro --help`."""

import io
import logging
import os
import signal
import sys
import threading
from typing import Annotated

import typer

from astro import __version__
from astro.cli import exporting, keeping, looking, making, measuring, reading, training, working

_BEGIN = """Search problems with a language model and turn the trees into training data.

One YAML file describes a run. Start with the model that ships with ASTRO, which needs no GPU:

\b
  astro doctor                   show what is installed and which engine a run would use
  astro run configs/tiny.yaml    search, make traces and data sets, in runs/tiny
  astro inspect runs/tiny        show the result, problem by problem

KEY=VALUE overrides any setting of the file:

\b
  astro run configs/tiny.yaml name=small search.simulations=16

Ctrl-C stops a run; the same command resumes it.

Exit status: 0 done; 2 a mistake that you can fix; 75 the engine died, start the same command again; 130 stopped by
Ctrl-C or SIGTERM; 1 anything else. With --json, verbs print one JSON object to standard output.
"""

app = typer.Typer(
    help=_BEGIN,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _verbs in (making, working, exporting, looking, reading, measuring, training, keeping):  # the order of --help
    app.add_typer(_verbs.app)


def main() -> None:
    """Entry point of the command astro."""
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # read when torch is imported: vLLM warns of each CPU engine
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that is not UTF-8 shows ? for other characters
    signal.signal(signal.SIGINT, signal.default_int_handler)  # scripts start background jobs that ignore it
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    logging.getLogger("asyncio").addFilter(_is_no_interrupt)
    sys.unraisablehook = _send_again
    app()


def _is_no_interrupt(record: logging.LogRecord) -> bool:
    """Whether a record is of anything but a second Ctrl-C, which asyncio would report with a traceback."""
    return record.exc_info is None or record.exc_info[0] is not KeyboardInterrupt


def _send_again(lost: "sys.UnraisableHookArgs") -> None:
    """Send Ctrl-C again if Python dropped it: it arrived inside a destructor or a callback of a weak reference."""
    if lost.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(lost)
        return
    main_thread = threading.main_thread().ident
    later = threading.Timer(0.01, signal.pthread_kill, [main_thread, signal.SIGINT])  # not here, where it would be lost
    later.daemon = True
    later.start()


@app.callback(invoke_without_command=True)
def _top(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit
