"""From a configuration to an open run directory with its problems; nothing here loads a model."""

from dataclasses import dataclass
from pathlib import Path

from astro.errors import StoreError
from astro.problems import load_problems
from astro.run.settings import SPEED_SETTINGS, RunConfig
from astro.sampling.engine import check_engine
from astro.sampling.prompting import check_template
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


def check_settings(config: RunConfig) -> None:
    """Raise ConfigError where model, engine options, template or prompt set cannot be used; loads no model."""
    check_engine(config.engine)
    check_template(config.prompt)
    load_prompts(config.traces.prompts)


def check_start(config: RunConfig, stages: Stages) -> bool:
    """Whether the configuration goes on with a run that is there, rather than begin one; writes nothing.

    Raises StoreError (another configuration's run, no trees, trees of another search).
    """
    goes_on = RunDirectory.goes_on(config.directory, config.model_dump(mode="json"), ignored=SPEED_SETTINGS)
    if goes_on:
        with RunDirectory.read(config.directory) as run:
            has_trees = bool(run.trees.problem_ids)
    else:
        has_trees = stages.trees_of is not None
        if stages.trees_of is not None:
            _check_same_search(stages.trees_of, config)
    if not stages.search and not has_trees:
        raise StoreError(_NO_TREES.format(config.directory))
    return goes_on


def open_run(config: RunConfig, stages: Stages) -> RunDirectory:
    """Begin the run, or go on with it; on return its problems are fixed.

    If nothing but failed trees came of it, the search begins anew. Raises StoreError (another configuration's run, a
    second process, damage, no trees) and ProblemsError. A start that is refused leaves no new run directory behind.
    """
    new = not check_start(config, stages)
    fresh = load_problems(config.problems, check_gold) if new and stages.trees_of is None else None
    run = RunDirectory.create(config.directory, config.model_dump(mode="json"), ignored=SPEED_SETTINGS)
    try:
        if fresh is not None:
            run.write_problems(fresh.problems, fresh.rejected)
        elif stages.trees_of is not None and not run.has_problems:
            with RunDirectory.read(stages.trees_of) as other:
                run.take_trees(other)
        if stages.search and run.trees.problem_ids and not run.holds_work:
            run.forget()
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
