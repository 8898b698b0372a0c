"""The command line: each verb calls its module in astro.run. Start with `astro --help`."""

import io
import logging
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from astro import __version__
from astro.errors import EXPECTED_ERRORS, BudgetSpentError, ConfigError, EngineDeadError
from astro.inspect.plain import plain_lines
from astro.train import TRAINERS
from astro.train.trainer import Trainer

if TYPE_CHECKING:
    from astro.run.rehearsal import Rehearsal

EXIT_MISTAKE = 2  # the user can fix it: configuration, files, missing library
EXIT_AGAIN = 75  # the engine died; the same command resumes (EX_TEMPFAIL of sysexits.h)
EXIT_STOPPED = 130  # by Ctrl-C

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


def _examples(*commands: str) -> str:
    """Lines below a verb's help, which click leaves as they are."""
    return "\n".join(["\b", "Examples:", *(f"  {command}" for command in commands)])


app = typer.Typer(
    help=_BEGIN,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ConfigPath = Annotated[
    Path,
    typer.Argument(
        metavar="CONFIG", help="The YAML file of the run, or the name of one that comes with ASTRO.", show_default=False
    ),
]


def _settings(about: str) -> Any:
    """The argument KEY=VALUE; about: its help, with an example."""
    return typer.Argument(metavar="KEY=VALUE", help=about, show_default=False)


Settings = Annotated[list[str] | None, _settings("Settings that override the file: search.k=4.")]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Check everything and estimate the cost; only --probe loads a model."),
]
Probe = Annotated[
    int, typer.Option("--probe", min=0, metavar="N", help="With --dry-run: load the model and measure N problems.")
]
PerHour = Annotated[
    float | None,
    typer.Option("--per-hour", min=0, help="With --dry-run: the price of an hour of the engine.", show_default=False),
]
PerMillion = Annotated[
    float | None,
    typer.Option(
        "--per-million", min=0, help="With --dry-run: the price of a million generated tokens.", show_default=False
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object to standard output, and the rest to standard error.")
]
RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="A run directory, such as runs/tiny.", show_default=False)]
Arm = Annotated[str | None, typer.Option("--arm", metavar="ARM", help="Train this arm only.", show_default=False)]
Launch = Annotated[
    Path | None,
    typer.Option(
        "--launch", metavar="YAML", help="Run under `accelerate launch` with this configuration.", show_default=False
    ),
]


def main() -> None:
    """Entry point of the command astro."""
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # read when torch is imported: vLLM warns of each CPU engine
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that is not UTF-8 shows ? for other characters
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    logging.getLogger("asyncio").addFilter(_is_no_interrupt)
    app()


def _is_no_interrupt(record: logging.LogRecord) -> bool:
    """Whether a record is of anything but a second Ctrl-C, which asyncio would report with a traceback."""
    return record.exc_info is None or record.exc_info[0] is not KeyboardInterrupt


@app.callback(invoke_without_command=True)
def _top(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.command(
    epilog=_examples(
        "astro run configs/tiny.yaml",
        "astro run configs/tiny.yaml --dry-run",
        "astro run configs/tiny.yaml --dry-run --probe 4 --per-hour 2.50",
        "astro run configs/tiny.yaml name=mine problems.source=mine.jsonl problems.countdown=null",
    )
)
def run(  # noqa: PLR0917 - the options of the verb
    config: ConfigPath,
    settings: Settings = None,
    dry_run: DryRun = False,
    probe: Probe = 0,
    per_hour: PerHour = None,
    per_million: PerMillion = None,
    as_json: Json = False,
) -> None:
    """Run all stages of a configuration.

    The setting plan lists the stages in order, for example search, traces, data, sft, evaluate, report; rounds repeats
    a plan. Without a plan the run searches and makes traces and data sets. It then trains, evaluates and reports if the
    configuration has sections for training or evaluation. Finished work is saved at once: after Ctrl-C, a crash or a
    power cut, the same command resumes without repeating a finished problem or stage. See docs/rounds.md.
    """
    rehearsal = _rehearsal(dry_run, probe, per_hour, per_million)
    with _reporting(_resumes()):
        from astro.run.run import run as carry_out_run  # noqa: PLC0415 - heavy

        carry_out_run(config, settings or (), _console(as_json), rehearsal=rehearsal)
        _give(as_json and rehearsal is None, _run_facts, config, settings)


@app.command(
    epilog=_examples(
        "astro search configs/tiny.yaml",
        "astro traces configs/tiny.yaml",
    )
)
def search(  # noqa: PLR0917 - the options of the verb
    config: ConfigPath,
    settings: Settings = None,
    dry_run: DryRun = False,
    probe: Probe = 0,
    per_hour: PerHour = None,
    per_million: PerMillion = None,
    as_json: Json = False,
) -> None:
    """Search the problems, without making traces.

    `astro traces` or `astro run` with the same configuration continues from the trees.
    """
    rehearsal = _rehearsal(dry_run, probe, per_hour, per_million)
    _make(config, settings, {"traces": False, "data": False}, rehearsal, as_json=as_json)


@app.command(
    epilog=_examples(
        "astro traces configs/tiny.yaml name=longer traces.wrong_terminals=[3] --trees-of runs/tiny",
        "astro traces configs/tiny.yaml name=whole --trees-of runs/part-1 --trees-of runs/part-2",
    )
)
def traces(
    config: ConfigPath,
    settings: Settings = None,
    trees_of: Annotated[
        list[Path] | None,
        typer.Option(
            "--trees-of",
            metavar="RUN",
            help="Use the trees of this run. Repeat the option to join shards.",
            show_default=False,
        ),
    ] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Make traces and data sets from existing trees.

    To make different traces from the same trees, name a new run and use the trees of the old one with --trees-of. To
    join shards that were searched separately (name=part-1 problems.shard=1/2 and so on), name each of them with
    --trees-of.
    """
    stages = {"search": False, "trees_of": tuple(trees_of or ())}
    _make(config, settings, stages, _rehearsal(dry_run), as_json=as_json)


@app.command(
    epilog=_examples(
        "astro work configs/tiny.yaml",
        "CUDA_VISIBLE_DEVICES=1 astro work configs/tiny.yaml",
    )
)
def work(config: ConfigPath, settings: Settings = None, as_json: Json = False) -> None:
    """Search and make traces as one of several workers of a run.

    Start it as often as you like, on one machine or on several that share the run directory. The workers divide the
    problems; the work of one that dies is taken over, and more may join at any time. The last one makes the data sets.
    Later stages follow with `astro run` and the same configuration. Exits with status 75 if the engine dies.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts background jobs without one
    with _reporting(_resumes()):
        from astro.run.work import work as carry_out_work  # noqa: PLC0415 - heavy

        carry_out_work(config, settings or (), _console(as_json))
        _give(as_json, _run_facts, config, settings)


@app.command(
    epilog=_examples(
        "astro ray configs/tiny.yaml --actors 2 --gpus 0",
        "astro ray configs/chat-8b.yaml --actors 64 --gpus 1 --address auto",
    )
)
def ray(
    config: ConfigPath,
    settings: Settings = None,
    *,
    actors: Annotated[int, typer.Option(min=1, help="Number of actors; each loads the model.")] = 2,
    gpus: Annotated[
        float | None,
        typer.Option(min=0, help="GPUs of an actor. Default: engine.tensor_parallel_size, or 1.", show_default=False),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(help="Address of a cluster, or auto. Default: start one on this machine.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Search and make traces with the model in the actors of a Ray cluster.

    Each actor loads the model and pulls problems; this process stores the results in the run directory. An actor that
    dies is replaced, and its problems are done again. Later stages follow with `astro run` and the same configuration.
    Needs the extra ray; protect a cluster with token authentication (docs/scale.md).
    """
    with _reporting(_resumes()):
        from astro.run.cluster import run_over_ray  # noqa: PLC0415 - heavy

        run_over_ray(config, settings or (), _console(as_json), actors=actors, gpus=gpus, address=address)
        _give(as_json, _run_facts, config, settings)


@app.command(
    epilog=_examples(
        "astro slurm configs/chat-8b.yaml --workers 16 --sbatch partition=gpu --sbatch gpus-per-task=1 --submit",
    )
)
def slurm(
    config: ConfigPath,
    settings: Settings = None,
    workers: Annotated[int, typer.Option(min=1, max=10_000, help="Number of workers.")] = 4,
    sbatch: Annotated[
        list[str] | None,
        typer.Option(metavar="OPTION=VALUE", help="An option of sbatch: time=24:00:00.", show_default=False),
    ] = None,
    submit: Annotated[bool, typer.Option("--submit", help="Submit the job.")] = False,
) -> None:
    """Write a Slurm array job whose tasks are workers of one run.

    Each task is `astro work`. A task that is killed, runs out of time or whose engine dies is queued again. The script
    and the logs are in a folder beside the run directory, NAME-slurm.
    """
    with _reporting():
        from astro.run.slurm import slurm as write_job  # noqa: PLC0415 - heavy

        write_job(config, settings or (), Console(), workers=workers, options=sbatch or (), submit=submit)


@app.command(
    epilog=_examples(
        "astro data configs/tiny.yaml",
        "astro data configs/tiny.yaml output.license=mit",
    )
)
def data(config: ConfigPath, settings: Settings = None, as_json: Json = False) -> None:
    """Write the data sets of a run and their card.

    The data sets are made from the trees and traces of the run, without a model unless a recipe samples from one
    (star). Data sets that are up to date are not written again.
    """
    _make(config, settings, {"search": False, "traces": False}, as_json=as_json)


@app.command(
    epilog=_examples(
        "astro export runs/tiny --to llamafactory",
        "astro export runs/tiny --to verl --out data/verl",
        "astro export runs/tiny --push-to-hub me/tiny-traces --private",
        "astro export runs/tiny --push-to-hub me/tiny-astro --checkpoint astro/sft",
        "astro export runs/tiny countdown-2-3-7-to-6 --tree svg",
        "astro export runs/tiny --traces labelled.csv",
    )
)
def export(
    run_path: RunPath,
    problem: Annotated[
        str | None, typer.Argument(metavar="PROBLEM", help="The problem of --tree.", show_default=False)
    ] = None,
    *,
    to: Annotated[
        str | None,
        typer.Option(metavar="FORMAT", help="verl, sharegpt, llamafactory, openrlhf or alpaca.", show_default=False),
    ] = None,
    tree: Annotated[
        str | None, typer.Option(metavar="FORMAT", help="svg, png, dot, graphml or json.", show_default=False)
    ] = None,
    traces: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="All traces with their labels: .csv, .parquet or .jsonl.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="The folder of --to, the file of --tree.", show_default=False),
    ] = None,
    push_to_hub: Annotated[
        str | None,
        typer.Option(metavar="OWNER/NAME", help="Upload the data sets with their card.", show_default=False),
    ] = None,
    checkpoint: Annotated[
        str | None,
        typer.Option(metavar="ARM/STAGE", help="Upload this model instead: astro/sft.", show_default=False),
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="Create the repository as a private one.")] = False,
    as_json: Json = False,
) -> None:
    """Write the data sets of a run for another trainer or to the Hugging Face hub, a tree for a paper, labelled traces.

    --to writes a file for each data set and split that the format can hold, and the files that the trainer asks for:
    dataset_info.json for LLaMA-Factory, a reward function for verl. See docs/recipes.md. --push-to-hub needs a token:
    HF_TOKEN, or `hf auth login`. --tree writes the tree of PROBLEM; --traces a table of all traces with the labels
    given in `astro view`.
    """
    with _reporting():
        if all(wanted is None for wanted in (to, push_to_hub, tree, traces)) or (tree is None) != (problem is None):
            raise ConfigError(
                "say what to do: --to FORMAT writes files, --push-to-hub OWNER/NAME uploads, PROBLEM --tree FORMAT "
                "writes a tree, --traces FILE the traces"
            )
        found: dict[str, str] = {}
        console = _console(as_json)
        if to is not None:
            from astro.run.export import export as write_files  # noqa: PLC0415 - heavy

            found["folder"] = str(write_files(run_path, to, console, out))
        if push_to_hub is not None:
            from astro.run.push import push  # noqa: PLC0415 - heavy

            found["address"] = push(run_path, push_to_hub, console, checkpoint=checkpoint, private=private)
        if tree is not None and problem is not None:
            from astro.run.export_tree import export_tree  # noqa: PLC0415 - heavy

            found["tree"] = str(export_tree(run_path, problem, tree, console, out))
        if traces is not None:
            from astro.run.export_tree import export_traces  # noqa: PLC0415 - heavy

            found["traces"] = str(export_traces(run_path, traces, console))
        _give(as_json, lambda: found)


@app.command(
    epilog=_examples(
        "astro inspect runs/tiny",
        "astro inspect runs/tiny countdown-2-3-7-to-6",
        "astro inspect runs/tiny countdown-2-3-7-to-6 --nodes 300 --controls | less -S",
        "astro inspect runs/tiny --rewrites",
        "astro inspect runs/tiny --html tiny.html",
    )
)
def inspect(  # noqa: PLR0917 - options of a command
    run_path: RunPath,
    problem: Annotated[
        str | None,
        typer.Argument(metavar="PROBLEM", help="The id of a problem. Default: list all problems.", show_default=False),
    ] = None,
    nodes: Annotated[int, typer.Option(min=1, help="Show at most this many nodes: the most visited.")] = 60,
    rows: Annotated[int, typer.Option(min=1, help="List at most this many problems, or rewrites.")] = 40,
    controls: Annotated[bool, typer.Option("--controls", help="Also show the control traces of the problem.")] = False,
    rewrites: Annotated[
        bool, typer.Option("--rewrites", help="Show the rewrites that failed a check: of the run, or of the problem.")
    ] = False,
    as_json: Json = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page that opens from disk instead.", show_default=False),
    ] = None,
    beside: Annotated[
        list[Path] | None,
        typer.Option("--with", metavar="RUN", help="Another run on the page, to compare.", show_default=False),
    ] = None,
    share: Annotated[int, typer.Option("--problems", min=1, help="Trees of at most this many problems a run.")] = 300,
) -> None:
    """Show a run, or the tree and traces of one problem.

    The run does not have to be finished. --html writes one page with the run, its trees and its traces.
    """
    with _reporting():
        from astro.run.inspect import show_problem, show_rewrites, show_run  # noqa: PLC0415 - heavy

        console = Console()
        if html is not None:
            from astro.run.view import write_html  # noqa: PLC0415

            write_html(html, [run_path, *(beside or ())], share, console)
        elif as_json:
            from astro.run.as_json import listing, problem_facts  # noqa: PLC0415 - heavy

            _give(True, lambda: listing(run_path, rows) if problem is None else problem_facts(run_path, problem))
        elif rewrites:
            show_rewrites(run_path, problem, console, rows)
        elif problem is None:
            show_run(run_path, console, rows)
        else:
            show_problem(run_path, problem, console, nodes, controls=controls)


@app.command(
    epilog=_examples(
        "astro view runs/tiny",
        "astro view runs/tiny runs/longer --port 8123",
    )
)
def view(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="One or several run directories.", show_default=False)
    ],
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port on 127.0.0.1; 0 takes a free one.")] = 8620,
) -> None:
    """Show runs in the browser: problems, trees, traces, comparisons, labels.

    Serves a page on 127.0.0.1 until Ctrl-C. The runs may be of any size, and may still be going: the page follows them.
    """
    with _reporting():
        from astro.run.view import view as show_runs  # noqa: PLC0415 - heavy

        show_runs(runs, port, Console())


@app.command(
    epilog=_examples(
        "astro problems",
        "astro problems mine.jsonl columns.prompt=text columns.answer=gold",
        "astro problems openai/gsm8k split=test limit=20",
        "astro problems countdown.count=100 --write fresh.jsonl",
    )
)
def problems(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="SOURCE",
            help="A file, folder, hub data set, bundled set, or CONFIG. Default: list the bundled sets.",
            show_default=False,
        ),
    ] = None,
    settings: Annotated[list[str] | None, _settings("Settings of the section problems: limit=20.")] = None,
    rows: Annotated[int, typer.Option(min=1, help="Show at most this many problems and rejected rows.")] = 5,
    write: Annotated[
        Path | None, typer.Option(metavar="FILE.jsonl", help="Write the problems to this file.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Read problems as a run would, and show them.

    Shows the first problems and the rejected rows with their reasons. Settings belong to the section problems.
    """
    with _reporting():
        from astro.run.problems import show_problems, show_sets  # noqa: PLC0415 - heavy

        if source is None:
            show_sets(_console(as_json))
        else:
            show_problems(source, settings or [], _console(as_json), rows, write)
        if as_json:
            from astro.run.as_json import problems_facts  # noqa: PLC0415 - heavy

            _give(True, problems_facts, source, settings or [], rows)


@app.command(
    epilog=_examples(
        "astro verify responses.jsonl --out verdicts.jsonl",
        "astro verify responses.jsonl answer_format=boxed > verdicts.jsonl",
    )
)
def verify(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="JSONL with id, task, problem, gold, response.", show_default=False)
    ],
    settings: Annotated[list[str] | None, _settings("Settings of the section verify: answer_format=boxed.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="OUT", help="Write the verdicts to this file. Default: stdout.", show_default=False),
    ] = None,
) -> None:
    """Verify the responses in a JSONL file.

    Writes one line of {id, verdict, correct, extracted, reason, seconds} for each response, in the same order. If the
    lines have the field expected (true, false or an outcome), the summary counts agreement. Settings belong to the
    section verify.
    """
    with _reporting():
        from astro.run.verify import verify_lines  # noqa: PLC0415 - heavy

        verify_lines(file, out, settings or [], Console(stderr=out is None))


@app.command(
    name="eval",
    epilog=_examples(
        "astro eval data/models/tiny-countdown configs/tiny.yaml",
        "astro eval runs/tiny/checkpoints/astro/sft math500.jsonl samples=16 temperature=0.6",
        "astro eval runs/tiny/checkpoints/astro/sft runs/tiny budget_forcing.wait=1 --out longer",
    ),
)
def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A folder or a hub name.", show_default=False)],
    problems: Annotated[
        str,
        typer.Argument(
            metavar="PROBLEMS",
            help="A bundled set, file, folder or hub name, or a CONFIG or RUN with evaluation.sets.",
            show_default=False,
        ),
    ],
    settings: Annotated[
        list[str] | None, _settings("Settings of a run. The prefix evaluation is optional: samples=16.")
    ] = None,
    *,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write the folder of each set to this folder.", show_default=False),
    ] = None,
    training: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN_OR_FILE",
            help="The training data, to check the set for contamination.",
            show_default=False,
        ),
    ] = None,
    like: Annotated[
        Path | None,
        typer.Option(
            metavar="CONFIG_OR_RUN", help="Use the prompt, answer format and engine of this one.", show_default=False
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Evaluate a model on problem sets.

    Measures pass@1, pass@k, maj@k, length, backtracks, attempts and behaviours, with 95 % intervals. Settings are those
    of a run; the prefix evaluation is optional (samples, temperature, top_p, max_tokens, think_tokens, continuations,
    budget_forcing). A checkpoint of a run uses the prompt and engine of that run. Responses are saved: the same command
    resumes, and prints a finished evaluation again.
    """
    with _reporting("Stopped. The responses so far are kept; the same command resumes."):
        from astro.run.evaluate import evaluate as carry_out_evaluation  # noqa: PLC0415 - heavy

        console = _console(as_json)
        found = carry_out_evaluation(model, problems, settings or [], console, like=like, out=out, training=training)
        _give(as_json, lambda: found)


@app.command(
    epilog=_examples(
        "astro report runs/tiny",
    )
)
def report(run_path: RunPath, as_json: Json = False) -> None:
    """Write the report of a run, in RUN/reports.

    Writes report.md, report.html and the plots: a table of the models, each arm minus the control with intervals,
    learning curves, backtracks against accuracy, costs and an example. For a run with rounds it has a row for each
    round and the lineage of models, trees and data. The run does not have to be finished; the report names missing
    parts. `astro run` writes it at the end.
    """
    with _reporting():
        from astro.run.report import show_report  # noqa: PLC0415 - heavy

        show_report(run_path, _console(as_json))
        _give(as_json, lambda: {"report": str(run_path / "reports" / "report.html")})


def _add_verb(trainer: Trainer[Any]) -> None:
    """Add the verb of a trainer."""
    about = f"Settings of the section {trainer.name}: trainer.max_steps=100."

    @app.command(name=trainer.name, help=trainer.help, epilog=_examples(*trainer.examples))
    def train(
        run_path: RunPath,
        settings: Annotated[list[str] | None, _settings(about)] = None,
        arm: Arm = None,
        launch: Launch = None,
    ) -> None:
        _train(trainer.name, run_path, settings or [], arm, launch)


for _trainer in TRAINERS.values():
    _add_verb(_trainer)


@app.command(epilog=_examples("astro check runs/tiny", "astro check runs/tiny --sample 1000"))
def check(
    run_path: RunPath,
    sample: Annotated[int, typer.Option(min=0, help="Verify this many traces again.")] = 200,
) -> None:
    """Check every file of a run, its trees, traces, verdicts and lineage.

    Names what is damaged, missing or inconsistent, and what it costs to mend. Exits with status 1 if anything is.
    """
    with _reporting():
        from astro.run.check import check_run  # noqa: PLC0415 - heavy

        raise typer.Exit(0 if check_run(run_path, Console(), sample) else 1)


@app.command(epilog=_examples("astro repair runs/tiny"))
def repair(run_path: RunPath) -> None:
    """Set damaged files of a run aside, so that only their part runs again.

    Requeues the problems of damaged shards, restores the configuration, makes the problems again from their source or
    from the traces, and sets damaged checkpoints, evaluations, data sets and reports aside. Nothing is deleted. The
    command that made the run then carries out what is missing.
    """
    with _reporting():
        from astro.run.repair import repair_run  # noqa: PLC0415 - heavy

        repair_run(run_path, Console())


@app.command()
def doctor(as_json: Json = False) -> None:
    """Show what is installed and which engine works.

    Exits with status 1 if no engine works.
    """
    with _reporting():
        from astro.run.doctor import examine, findings_table  # noqa: PLC0415 - heavy

        findings = examine()
        _console(as_json).print(findings_table(findings))
        _give(as_json, lambda: {"findings": findings})
        raise typer.Exit(1 if any(finding.ok is False for finding in findings) else 0)


def _make(
    path: Path,
    settings: list[str] | None,
    stages: dict[str, Any],
    rehearsal: "Rehearsal | None" = None,
    *,
    as_json: bool = False,
) -> None:
    """Run some of the stages search, traces and data; stages: those to skip, as arguments of Stages."""
    with _reporting(_resumes()):
        from astro.run.opening import Stages  # noqa: PLC0415 - heavy
        from astro.run.run import make  # noqa: PLC0415

        make(path, settings or (), Stages(**stages), _console(as_json), rehearsal=rehearsal)
        _give(as_json and rehearsal is None, _run_facts, path, settings)


def _rehearsal(
    dry_run: bool,
    probe: int = 0,
    per_hour: float | None = None,
    per_million: float | None = None,
) -> "Rehearsal | None":
    """What --dry-run and the options that need it ask for; None without it."""
    if not dry_run:
        if probe or per_hour is not None or per_million is not None:
            raise typer.BadParameter("--probe, --per-hour and --per-million need --dry-run")
        return None
    from astro.run.rehearsal import Price, Rehearsal  # noqa: PLC0415 - heavy

    return Rehearsal(probe, Price(per_hour, per_million))


def _console(as_json: bool) -> Console:
    return Console(stderr=True) if as_json else Console()


def _give(as_json: bool, facts: Callable[..., object], *arguments: object) -> None:
    """Print facts, which a function of astro.run.as_json collects, if they are wanted."""
    if as_json:
        from astro.run.as_json import as_text  # noqa: PLC0415 - heavy

        typer.echo(as_text(facts(*arguments)))


def _run_facts(config: Path, settings: list[str] | None) -> object:
    """The summary of a configuration's run."""
    from astro.run.as_json import run_facts  # noqa: PLC0415 - heavy
    from astro.run.settings import load_run  # noqa: PLC0415

    return run_facts(load_run(config, settings or ()).directory)


def _resumes() -> str:
    return f"Stopped. Finished work is kept; `astro {shlex.join(sys.argv[1:])}` resumes here."


def _train(stage: str, run: Path, settings: list[str], arm: str | None, accelerate: Path | None) -> None:
    with _reporting("Stopped. The last checkpoint is kept; the same command resumes from it."):
        from astro.run.train import launch, train  # noqa: PLC0415 - heavy

        if accelerate is None:
            train(stage, run, settings, Console(), arm)
        elif code := launch(stage, accelerate, run, settings, arm):
            raise typer.Exit(code)


@contextmanager
def _reporting(stopped: str = "Stopped.") -> Iterator[None]:
    """Errors become one message and status 2, or 75 for a dead engine; Ctrl-C is 130; bugs keep their traceback.

    SIGTERM counts as Ctrl-C.
    """
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    try:
        yield
    except EXPECTED_ERRORS as error:
        errors.print(Text("error: ", style="bold red") + Text(plain_lines(str(error))))
        if isinstance(error, EngineDeadError):
            errors.print(Text(stopped))
        again = isinstance(error, EngineDeadError) and not isinstance(error, BudgetSpentError)
        raise typer.Exit(EXIT_AGAIN if again else EXIT_MISTAKE) from None
    except KeyboardInterrupt:
        for number in (signal.SIGINT, signal.SIGTERM):  # what is left only cleans up; another one ends it at once
            signal.signal(number, signal.SIG_DFL)
        errors.print(Text(f"\n{stopped}"))
        raise typer.Exit(EXIT_STOPPED) from None
    except BrokenPipeError:
        _drop_output()
        raise typer.Exit(EXIT_MISTAKE) from None
    except OSError as error:  # a full disk, a missing file, no permission: the machine's, not a bug
        _drop_output()
        errors.print(Text("error: ", style="bold red") + Text(plain_lines(f"{error}; fix this and run again")))
        raise typer.Exit(EXIT_MISTAKE) from None


def _drop_output() -> None:
    """Send what is still to be written to standard output nowhere, because writing there has failed."""
    with suppress(OSError):
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, 1)
        os.close(sink)
