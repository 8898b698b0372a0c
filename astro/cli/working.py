"""The verbs that share the work of one run between processes and machines."""

from typing import Annotated

import typer

from astro.cli.options import ConfigPath, Json, Metrics, Settings, examples, watched
from astro.cli.reporting import console_for, give, reporting, resumes, run_facts

app = typer.Typer()


@app.command(
    epilog=examples(
        "astro work configs/tiny.yaml",
        "CUDA_VISIBLE_DEVICES=1 astro work configs/tiny.yaml",
    )
)
def work(config: ConfigPath, settings: Settings = None, metrics: Metrics = None, as_json: Json = False) -> None:
    """Search and make traces as one of several workers of a run.

    Start it as often as you like, on one machine or on several that share the run directory. The workers divide the
    problems; the work of one that dies is taken over, and more may join at any time. The last one makes the data sets.
    Later stages follow with `astro run` and the same configuration. Exits with status 75 if the engine dies.
    """
    with reporting(resumes()):
        from astro.run.work import work as carry_out_work  # noqa: PLC0415 - heavy

        carry_out_work(config, watched(settings, metrics), console_for(as_json))
        give(as_json, run_facts, config, settings)


@app.command(
    epilog=examples(
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
    metrics: Metrics = None,
    as_json: Json = False,
) -> None:
    """Search and make traces with the model in the actors of a Ray cluster.

    Each actor loads the model and pulls problems; this process stores the results in the run directory. An actor that
    dies is replaced, and its problems are done again. Later stages follow with `astro run` and the same configuration.
    Needs the extra ray; protect a cluster with token authentication (docs/scale.md).
    """
    with reporting(resumes()):
        from astro.run.cluster import run_over_ray  # noqa: PLC0415 - heavy

        run_over_ray(
            config, watched(settings, metrics), console_for(as_json), actors=actors, gpus=gpus, address=address
        )
        give(as_json, run_facts, config, settings)


@app.command(
    epilog=examples(
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
    with reporting():
        from astro.run.slurm import slurm as write_job  # noqa: PLC0415 - heavy

        write_job(config, settings or (), console_for(), workers=workers, options=sbatch or (), submit=submit)
