"""From a configuration to an open run directory with its problems; nothing here loads a model."""

from dataclasses import dataclass
from pathlib import Path

from astro.errors import StoreError
from astro.problems import load_problems
from astro.run.settings import SPEED_SETTINGS, RunConfig
from astro.sampling.engine import EngineKind, check_model
from astro.store import RunDirectory
from astro.store.settings import differences
from astro.traces import load_prompts
from astro.verify.verifier import check_gold

_SEARCH_SETTINGS = ("seed", "problems", "engine", "prompt", "search", "verify")
_NO_TREES = "{} has no trees yet; make them with `astro search`, or name a run that has them by --trees-of"


@dataclass(frozen=True, slots=True)
class Stages:
    """Which stages to carry out. trees_of: another run's directory, whose trees take the place of a search."""

    search: bool = True
    traces: bool = True
    trees_of: Path | None = None


def check_names(config: RunConfig) -> None:
    """Raise ConfigError where the model or the prompt set that the configuration names cannot be there."""
    if config.engine.kind is not EngineKind.SCRIPTED:
        check_model(config.engine.model)
    load_prompts(config.traces.prompts)


def open_run(config: RunConfig, stages: Stages) -> RunDirectory:
    """Begin the run, or go on with it; on return its problems are fixed.

    Raises StoreError (another configuration's run, a second process, damage, no trees) and ProblemsError. A start that
    is refused leaves no new run directory behind.
    """
    fresh = None
    if not RunDirectory.has_begun(config.directory):
        if stages.trees_of is not None:
            _check_same_search(stages.trees_of, config)
        elif not stages.search:
            raise StoreError(_NO_TREES.format(config.directory))
        else:
            fresh = load_problems(config.problems, check_gold)
    run = RunDirectory.create(config.directory, config.model_dump(mode="json"), ignored=SPEED_SETTINGS)
    try:
        if fresh is not None:
            run.write_problems(fresh.problems, fresh.rejected)
        elif stages.trees_of is not None and not run.has_problems:
            with RunDirectory.read(stages.trees_of) as other:
                run.take_trees(other)
        if not stages.search and not run.trees.problem_ids:
            raise StoreError(_NO_TREES.format(run.path))  # noqa: TRY301 - the run is closed on every way out
    except BaseException:
        run.close()
        raise
    return run


def _check_same_search(source: Path, config: RunConfig) -> None:
    """Raise StoreError unless the run at source searched the way this configuration would."""
    with RunDirectory.read(source) as other:
        if not other.trees.complete:
            raise StoreError(f"the search of {source} is not finished; go on with it first")
        ours = config.model_dump(mode="json", include=set(_SEARCH_SETTINGS))
        theirs = {key: value for key, value in other.settings.items() if key in _SEARCH_SETTINGS}
    changed = differences(theirs, ours, SPEED_SETTINGS)
    if changed:
        lines = "\n".join(f"  {line}" for line in changed)
        raise StoreError(f"the trees of {source} were searched with other settings:\n{lines}\nGive the same ones.")
