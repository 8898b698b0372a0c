"""`astro repair`: set what is damaged in a run aside, so that exactly its part runs again. Nothing is deleted.

    trees, traces       the problems of a damaged shard are requeued; the others are kept
    problems            made again from their source, or from the rows of the traces
    config.yaml         restored from the copy in the ledger
    data sets, reports  made again by the next `astro run`, without a model
    checkpoints         the damaged stage of the arm is trained again, unless only its card or a checkpoint between
                        its steps is damaged
    evaluations         figures are computed again from the responses; without them, the set is answered again

Damaged files are moved to RUN/set-aside/N.
"""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from rich.console import Console

from astro.config import load_config
from astro.errors import EXPECTED_ERRORS, StoreError
from astro.models.prompting import PromptFormat
from astro.problems import Problem, load_problems
from astro.records.rounds import ROUNDS
from astro.run.recorded import problems_recorded
from astro.run.settings import RunConfig
from astro.store import RunDirectory
from astro.store.asked import ASKED
from astro.store.atomic import read_sealed, seal, write_sealed, write_text
from astro.store.claim import Claim
from astro.store.entries import TRACE_TABLES, TREE_TABLES
from astro.store.index import SUFFIX
from astro.store.ledger import LEDGER, copy_of, enter, entered, read_lines, rewrite_lines
from astro.store.problems import StoredProblems
from astro.store.requeue import requeue, traces_again, tree_again
from astro.store.salvage import condition_of, salvage
from astro.store.seals import Damage, Fault, find_faults
from astro.store.stage import Stage
from astro.tasks import check_gold
from astro.train.recorder import TENSORBOARD
from astro.train.setup import DONE

CARD = "README.md"
_PROBLEMS = ("problems.parquet", "rejected.parquet", "problems.json")


def repair_run(path: Path, console: Console) -> None:
    """Repair a run and print what was done. Raises StoreError if path is not a run, or something cannot be repaired."""
    if not (path / "config.yaml").exists() and copy_of(path, "config.yaml") is None:
        raise StoreError(f"{path} is not a run: it has no config.yaml, and no copy of one")
    with Claim(path, "config.yaml"):
        faults = find_faults(path)
        if not faults:
            console.print(f"{path}: no file is damaged", markup=False)
            return
        for line in _repair(path, faults):
            console.print(line, markup=False, soft_wrap=True)
    left = find_faults(path)
    if left:
        raise StoreError(f"{path}: {len(left)} files are still damaged, the first: {left[0]}")


def _repair(path: Path, faults: Sequence[Fault]) -> Iterable[str]:
    aside = _new_folder(path / "set-aside")
    names = [fault.file for fault in faults if fault.damage is not Damage.FOREIGN]
    by_part: dict[str, list[str]] = {}
    for name in names:
        by_part.setdefault(name.split("/")[0], []).append(name)
    yield from _repair_lines(path, by_part, aside)
    yield from (_restore(path, name, aside) for name in by_part.get("config.yaml", ()))
    yield from _repair_journals(path, by_part, aside)
    if any(name in by_part for name in _PROBLEMS):
        yield _repair_problems(path, aside)
    if "trees" in by_part or "traces" in by_part:
        yield from _requeue(path, by_part, aside)
    yield from _repair_folders(path, by_part, names, aside)
    for inner in _folders(by_part.get(ROUNDS, ()), depth=2):
        own = [fault for fault in find_faults(path / inner) if not fault.file.startswith(ROUNDS)]
        yield from (f"{inner}: {line}" for line in _repair(path / inner, own))
    for foreign in (fault.file for fault in faults if fault.damage is Damage.FOREIGN):
        _move(path, foreign, aside)
        yield f"{foreign}: set aside; the run did not write it"
    for name in names:
        if not (path / name).exists():
            enter(path / name)
    if not any(aside.iterdir()):
        aside.rmdir()


def _repair_folders(
    path: Path, by_part: Mapping[str, Sequence[str]], names: Sequence[str], aside: Path
) -> Iterable[str]:
    """Checkpoints, evaluations, data sets and reports."""
    checkpoints = by_part.get("checkpoints", ())
    for name in [name for name in checkpoints if _only_drawn(name)]:
        _move(path, name, aside)
        yield f"{name}: set aside; metrics.jsonl has the same figures"
    yield from _repair_checkpoints(path, [name for name in checkpoints if not _only_drawn(name)], aside)
    for folder in _folders(by_part.get("evaluations", ()), depth=3):
        yield _repair_evaluation(path, folder, names, aside)
    if "datasets" in by_part:
        yield _set_aside_datasets(path, by_part["datasets"], aside)
    if "reports" in by_part:
        yield _set_aside(path, "reports", aside, "`astro report` writes it again")


def _repair_checkpoints(path: Path, names: Sequence[str], aside: Path) -> Iterable[str]:
    """Stages whose model is damaged are trained again; of the others, only the damaged part is set aside."""
    within = {name: "/".join(name.split("/")[:4]) for name in names}
    minor = {name for name, part in within.items() if Path(part).name == CARD or _is_between(path, part)}
    again = _folders(set(names) - minor, depth=3)
    for folder in again:
        yield _set_aside(path, folder, aside, "the stage is trained again")
    for part in sorted({within[name] for name in minor}):
        stage = Path(part).parent
        if stage.as_posix() in again:
            continue
        if part.endswith(CARD):
            marker = path / stage / DONE
            content = read_sealed(marker)
            content["files"].pop(CARD, None)
            _move(path, part, aside)
            write_sealed(marker, content)
            yield f"{part}: set aside; the model is whole, and its card is not written again"
        else:
            yield _set_aside(path, part, aside, f"the final model is whole; delete {stage} to train it again")


def _is_between(path: Path, part: str) -> bool:
    """Whether a part of a stage is a checkpoint between the steps of a training that is finished."""
    return Path(part).name.startswith("checkpoint-") and (path / part).parent.joinpath(DONE).is_file()


def _only_drawn(name: str) -> bool:
    """Whether a file of a checkpoint only serves to be looked at."""
    return f"/{TENSORBOARD}/" in name


def _set_aside_datasets(path: Path, names: Iterable[str], aside: Path) -> str:
    """Move the data sets. The model's answers for them stay, unless they are damaged."""
    asked = f"datasets/{ASKED}"
    if any(name.startswith(f"{asked}/") for name in names):
        return _set_aside(path, "datasets", aside, "`astro data` makes them again, and asks the model again")
    done = _set_aside(path, "datasets", aside, "`astro data` makes them again")
    if (aside / asked).is_dir():
        (path / "datasets").mkdir()
        (aside / asked).rename(path / asked)
    return done


def _repair_lines(path: Path, by_part: Mapping[str, Sequence[str]], aside: Path) -> Iterable[str]:
    """Files of lines: the damaged lines are dropped, and a lost ledger is written again from the whole markers."""
    for name in sorted(name for name in by_part if name == LEDGER or name.startswith("log")):
        lines = read_lines(path / name)[0]
        _move(path, name, aside)
        rewrite_lines(path / name, lines)
        if name != LEDGER:
            enter(path / name)
        yield f"{name}: kept {len(lines)} whole lines"
    if LEDGER in by_part:
        for log in path.glob("log*.jsonl"):
            enter(log)
        for marker in sorted(file for pattern in ("*.json", "*.yaml") for file in path.rglob(pattern)):
            inside = marker.relative_to(path).parts[0]
            if inside not in {"set-aside", ROUNDS} and _is_sealed(marker):
                enter(marker, copy=marker.suffix == ".yaml")
        for unlisted in (
            *path.glob("evaluations/*/*/problems.parquet"),
            *path.glob(f"checkpoints/*/*/{TENSORBOARD}/*"),
        ):
            enter(unlisted)


def _repair_journals(path: Path, by_part: dict[str, list[str]], aside: Path) -> Iterable[str]:
    """Journals keep their whole entries; the problems of the others are processed again, and lost waves as well."""
    for name in [name for name in by_part.get("trees", ()) if name.endswith(".astw")]:
        _move(path, name, aside)
        by_part["trees"].remove(name)
        yield f"{name}: set aside; its trees grow again from their first wave"
    sealed = (path / "datasets" / "complete.json").exists()  # its marker lists the answers' journals
    for part, names in by_part.items():
        if part == "datasets" and sealed:
            continue
        for name in [name for name in names if Path(name).name.startswith("journal")]:
            if not (path / name).exists():
                _move(path, f"{name}{SUFFIX}", aside)
                names.remove(name)
                yield f"{name}: its problems are processed again"
                continue
            condition = condition_of(path / name)
            (aside / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path / name, aside / name)
            salvage(path / name, condition)
            names.remove(name)
            yield f"{name}: kept {len(condition.frames)} whole entries; {condition.lost} are requeued"


def _is_sealed(file: Path) -> bool:
    """Whether a file has a seal of its own that fits."""
    try:
        if file.suffix == ".json":
            read_sealed(file)
        else:
            Claim(file.parent, file.name, lock=False).identity()
    except StoreError:
        return False
    return True


def _restore(path: Path, name: str, aside: Path) -> str:
    text = copy_of(path, name)
    if text is None:
        raise StoreError(f"{path / name} is damaged, and {LEDGER} has no copy of it; restore it from a copy of yours")
    _move(path, name, aside)
    write_text(path / name, text)
    enter(path / name, copy=True)
    return f"{name}: restored"


def _repair_problems(path: Path, aside: Path) -> str:
    """Write the problems again, from their source if it still says the same, otherwise from the rows of the traces."""
    config = load_config(RunConfig, path / "config.yaml")
    sealed = _sealed_hash(path)
    scratch = RunDirectory.create(aside / "problems", config.model_dump(mode="json"))
    with scratch:
        try:
            loaded = load_problems(config.problems, check_gold)
            scratch.write_problems(loaded.problems, loaded.rejected)
            how = "from their source"
        except EXPECTED_ERRORS:
            how = ""
        same = how and seal(scratch.path / "problems.parquet").sha256 == sealed
        if not same and (sealed is not None or not how):
            scratch.write_problems(_problems_of_traces(path, config), ())
            how = "from the rows of the traces; the rejected rows are lost"
    for name in _PROBLEMS:
        _move(path, name, aside)
        shutil.copy2(scratch.path / name, path / name)
    enter(path / "problems.json")
    shutil.rmtree(scratch.path)
    return f"problems: made again {how}"


def _sealed_hash(path: Path) -> str | None:
    try:
        return str(read_sealed(path / "problems.json")["files"]["problems.parquet"]["sha256"])
    except (StoreError, KeyError, TypeError):
        return None


def _problems_of_traces(path: Path, config: RunConfig) -> list[Problem]:
    """The problems that the traces' rows for rl describe, in their order. Raises StoreError unless they are exact."""
    return problems_recorded(path, PromptFormat(config.prompt, config.engine.load_tokenizer()))


def _requeue(path: Path, by_part: Mapping[str, Sequence[str]], aside: Path) -> Iterable[str]:
    problems = StoredProblems(path)
    order = problems.order()
    damaged = {part: frozenset(name.split("/", 1)[1] for name in by_part.get(part, ())) for part in ("trees", "traces")}
    if damaged["trees"]:
        again = tree_again(problems)
        left = requeue(path / "trees", TREE_TABLES, order, damaged=damaged["trees"], lost=(), aside=aside, again=again)
        yield f"trees: {len(left)} of {len(order)} problems are requeued"
    if damaged["traces"] or "trees" in by_part:
        with closing(Stage(path / "trees", TREE_TABLES, writable=False)) as trees:
            lost, again = frozenset(order) - trees.problem_ids, traces_again(trees)
            left = requeue(
                path / "traces", TRACE_TABLES, order, damaged=damaged["traces"], lost=lost, aside=aside, again=again
            )
        yield f"traces: {len(left)} of {len(order)} problems are requeued"
    if (path / "datasets").is_dir() and "datasets" not in by_part:
        yield _set_aside_datasets(path, (), aside)


def _repair_evaluation(path: Path, folder: str, names: Sequence[str], aside: Path) -> str:
    damaged = {Path(name).name for name in names if name.startswith(f"{folder}/")}
    if damaged <= {"figures.json", "problems.parquet"}:
        for name in damaged:
            _move(path, f"{folder}/{name}", aside)
            enter(path / folder / name)
        return f"{folder}: {', '.join(sorted(damaged))} set aside; computed again from the responses"
    return _set_aside(path, folder, aside, "evaluated again")


def _set_aside(path: Path, name: str, aside: Path, how: str) -> str:
    """Move a folder, and enter that its sealed files are gone."""
    _move(path, name, aside)
    for file in entered(path)[0]:
        if file.startswith(f"{name}/"):
            enter(path / file)
    return f"{name}: set aside in {aside}; {how}"


def _move(path: Path, name: str, aside: Path) -> None:
    if (path / name).exists():
        (aside / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).rename(aside / name)


def _folders(names: Iterable[str], *, depth: int) -> list[str]:
    return sorted({"/".join(name.split("/")[:depth]) for name in names})


def _new_folder(parent: Path) -> Path:
    number = 1 + max((int(path.name) for path in parent.glob("*") if path.name.isdigit()), default=0)
    folder = parent / str(number)
    folder.mkdir(parents=True)
    return folder
