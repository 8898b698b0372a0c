"""From a configuration to an open run directory with its problems; nothing here loads a model."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, Self

from astro.errors import ConfigError, StoreError
from astro.models.prompt_settings import check_template
from astro.problems import LoadedProblems, Outcome, Problem, ProblemsConfig, load_problems, stream_problems
from astro.recipes import DataConfig
from astro.records.problem import PROBLEMS
from astro.run.seams import Seams
from astro.run.source import FIRST, ArrivingSource, ProblemSource, StoredSource
from astro.run.trial import first_problems
from astro.search import SearchConfig
from astro.search.selection import Prior
from astro.store import RunDirectory
from astro.store.directory import TOOK_TREES, Standing
from astro.store.settings import differences
from astro.tasks import check_gold, gold_caveat
from astro.traces import TracesConfig, load_prompts

_SEARCH_SETTINGS = ("seed", "problems", "engine", "prompt", "search", "verify")
# Settings of the search that its traces may change: the rewriter's prompts are longer than the solver's.
_FREE_FOR_TRACES = ("engine.max_model_len",)
_NO_TREES = "{} has no trees yet; make them with `astro search`, or name a run that has them by --trees-of"


@dataclass(frozen=True, slots=True)
class Stages:
    """Which of the stages search, traces and data to run.

    trees_of: directories of other runs, whose trees replace a search: one run that searched the same problems, or
    several that each searched a shard of them.
    """

    search: bool = True
    traces: bool = True
    data: bool = True
    trees_of: Sequence[Path] = ()

    @classmethod
    def of(cls, plan: Collection[str], trees_of: Sequence[Path] = ()) -> Self:
        """Those of the stages that a plan names."""
        return cls("search" in plan, "traces" in plan, "data" in plan, trees_of)


@dataclass(frozen=True, slots=True)
class Making:
    """The parts of a run that the stages search, traces and data need."""

    seams: Seams
    problems: ProblemsConfig
    search: SearchConfig
    traces: TracesConfig
    data: DataConfig


def check_settings(making: Making) -> None:
    """Raise ConfigError naming every model, engine option, template or prompt set that cannot be used.

    Loads no model.
    """
    seams, mistakes = making.seams, list[str]()
    checks = (seams.engine.check, partial(check_template, seams.prompt), partial(load_prompts, making.traces.prompts))
    for check in checks:
        try:
            check()
        except ConfigError as error:
            mistakes.append(str(error))
    mistakes += seams.roles.mistakes()
    mistakes += _mistakes_of_engine(making)
    if making.search.evaluator.needs_scorer and seams.roles.scorer is None:
        mistakes.append(
            f"search.evaluator.kind is {making.search.evaluator.kind}, which needs a scorer; add roles.scorer, or set "
            "search.evaluator.kind=rollouts"
        )
    if mistakes:
        raise ConfigError("\n".join(mistakes))


def _mistakes_of_engine(making: Making) -> list[str]:
    """What the search asks of an engine that cannot do it."""
    engine, search = making.seams.engine, making.search
    if not engine.continues:
        return [f"engine.kind {engine.kind} only answers chats; it can be the engine of roles.rewriter and roles.judge"]
    if engine.gives_tokens:
        return []
    lines = []
    if search.reuse_rollouts:
        lines.append("engine.text_mode gives no token ids of the model; set search.reuse_rollouts=false")
    if search.prior in (Prior.NORMALIZED, Prior.SUM):
        lines.append(
            f"engine.text_mode gives no log-probabilities, which search.prior={search.prior} needs; set "
            "search.prior=frequency or uniform"
        )
    return lines


def check_start(making: Making, stages: Stages) -> bool:
    """Whether the configuration resumes an existing run rather than starts one; writes nothing.

    Raises StoreError (another configuration's run, no trees, trees of another search).
    """
    seams = making.seams
    standing = RunDirectory.standing(seams.directory, seams.settings, ignored=seams.speed)
    if standing is not None:
        _check_standing(making, stages, standing)
        return True
    for source in stages.trees_of:
        _check_same_search(source, seams, shards=len(stages.trees_of) > 1)
    if not stages.search and not stages.trees_of:
        raise StoreError(_NO_TREES.format(seams.directory))
    return False


def _check_standing(making: Making, stages: Stages, standing: Standing) -> None:
    """Raise StoreError if the stages cannot go on from what a run holds."""
    directory, taken = making.seams.directory, standing.trees_of
    if stages.trees_of and _places(stages.trees_of) != _places(taken):
        raise StoreError(
            f"{directory} has its own trees"
            + (f", those of {', '.join(map(str, taken))}" if taken else "")
            + "; leave --trees-of out, or add name=ANOTHER_NAME"
        )
    if not stages.search and not standing.trees:
        raise StoreError(_NO_TREES.format(directory))


def open_run(making: Making, stages: Stages) -> tuple[RunDirectory, ProblemSource]:
    """Start the run, or resume it; also returns where its problems come from.

    If it holds nothing but failed trees, the search starts over. Raises StoreError (another configuration's run, a
    second process, damage, no trees, incomplete shards) and ProblemsError. A start that fails on the first problems
    leaves no new run directory behind.
    """
    seams = making.seams
    # Opening a large run takes a second, so one that surely resumes is opened only once.
    resumes = RunDirectory.belongs(seams.directory, seams.settings, ignored=seams.speed)
    new = not (resumes or check_start(making, stages))
    whole = load_problems(making.problems, check_gold, gold_caveat) if new and len(stages.trees_of) > 1 else None
    streams = new and not stages.trees_of
    first = max(FIRST, first_problems(making.traces))
    arriving = _begun(stream_problems(making.problems, check_gold, gold_caveat), first) if streams else None
    if whole is not None:
        check_shards(stages.trees_of, whole.problems)
    run = RunDirectory.create(seams.directory, seams.settings, ignored=seams.speed)
    try:
        if resumes:
            _check_standing(making, stages, run.held())
        if stages.trees_of and not run.has_problems:
            _take_trees(run, stages.trees_of, whole)
        if stages.search and len(run.trees) and not run.holds_work:
            run.forget()
        if arriving is not None:
            return run, ArrivingSource(run, arriving, first)
        return run, StoredSource(run, traces=stages.traces)
    except BaseException:
        run.close()
        raise


def _begun(outcomes: Iterator[Outcome], first: int) -> Iterator[Outcome]:
    """The same, after the first ones were read: their errors are raised here. Raises ProblemsError."""
    return chain(list(islice(outcomes, first)), outcomes)


def _places(paths: Sequence[Path]) -> list[Path]:
    return [path.resolve() for path in paths]


def check_shards(sources: Sequence[Path], problems: Sequence[Problem]) -> None:
    """Raise StoreError unless each of the problems, as it is now, was searched by exactly one of the runs, no other."""
    now = {problem.id: problem for problem in map(Problem.from_row, PROBLEMS.write(problems).to_pylist())}
    owner: dict[str, Path] = {}
    changed: list[str] = []
    for source in sources:
        with RunDirectory.read(source) as run:
            searched = run.trees.problem_ids
            changed += [problem.id for problem in run.problems() if now.get(problem.id, problem) != problem]
        if twice := sorted(searched & owner.keys()):
            raise StoreError(f"{owner[twice[0]]} and {source} both searched {_some(twice)}; name each shard once")
        owner |= dict.fromkeys(searched, source)
    if missing := [problem_id for problem_id in now if problem_id not in owner]:
        raise StoreError(f"none of the runs of --trees-of searched {_some(missing)}; name the run of every shard")
    if other := sorted(owner.keys() - now.keys()):
        raise StoreError(f"{owner[other[0]]} searched problems that this configuration does not have: {_some(other)}")
    if changed:
        raise StoreError(f"the source says something else of {_some(changed)} than when it was searched; restore it")


def _some(problem_ids: Sequence[str]) -> str:
    """How many problems there are, and the first."""
    return f"{len(problem_ids)} problem{'s' if len(problem_ids) > 1 else ''} ({problem_ids[0]})"


def _take_trees(run: RunDirectory, sources: Sequence[Path], whole: LoadedProblems | None) -> None:
    """The trees of one run with its problems, or of the runs of all shards in the order of the whole."""
    with ExitStack() as stack:
        others = [stack.enter_context(RunDirectory.read(source)) for source in sources]
        searches = [other.seconds_at_work().get("search") for other in others]
        seconds = [each for each in searches if each is not None]
        apart = sum(seconds) if len(seconds) == len(searches) else None
        run.log(TOOK_TREES, of=[str(source) for source in sources], search_seconds=apart)
        if whole is None:
            run.take_trees(others[0])
        else:
            run.trees.gather([other.trees for other in others], [problem.id for problem in whole.problems])
            run.write_problems(whole.problems, whole.rejected)


def _check_same_search(source: Path, seams: Seams, *, shards: bool) -> None:
    """Raise StoreError unless the run at source searched the way this configuration would, or a shard of it so."""
    with RunDirectory.read(source) as other:
        if not other.trees.complete:
            raise StoreError(f"the search of {source} is not finished; finish it first")
        ours, theirs = _of_search(seams.settings), _of_search(other.settings)
    free = {*seams.speed, *_FREE_FOR_TRACES, *(("problems.shard",) if shards else ())}
    changed = differences(theirs, ours, free)
    if changed:
        lines = "\n".join(f"  {line}" for line in changed)
        raise StoreError(f"the trees of {source} were searched with other settings:\n{lines}\nGive the same ones.")


def _of_search(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that determine trees; of the roles, that is the scorer."""
    scorer = (settings.get("roles") or {}).get("scorer")
    return {key: settings[key] for key in _SEARCH_SETTINGS if key in settings} | {"roles": {"scorer": scorer}}
