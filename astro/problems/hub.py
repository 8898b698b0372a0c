"""Data sets in the Hugging Face layout, from the hub or a local folder, streamed through the datasets library."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from astro.errors import ProblemsError


def hub_rows(source: str, subset: str | None, split: str | None, usual_split: str) -> Iterator[Mapping[str, Any]]:
    """Stream the rows of a split of a data set.

    source: a folder (with data files, or written by save_to_disk), or owner/name on the hub, with @revision if wanted.
    subset: the configuration, where the data set has several.
    split: default usual_split, or the only one there is.

    Raises ProblemsError when the data set cannot be had or read, or the subset or split is not there.
    """
    import datasets  # noqa: PLC0415 - slow to import, and most sources are files

    folder = Path(source)
    try:
        if (folder / "dataset_dict.json").exists() or (folder / "state.json").exists():
            splits = datasets.load_from_disk(source)
            refuse_parts(source, subset, None if isinstance(splits, dict) else split)
        else:
            name, _, revision = (source, "", "") if folder.exists() else source.partition("@")
            splits = datasets.load_dataset(name, subset, revision=revision or None, streaming=True)
        rows = _split(splits, source, split, usual_split) if isinstance(splits, dict) else splits
        yield from rows
    except ProblemsError:
        raise
    except Exception as error:  # the library raises its own kinds, and those of fsspec, the hub client and pyarrow
        raise ProblemsError(_unreadable(source, error, is_local=folder.exists())) from error


def refuse_parts(source: str, subset: str | None, split: str | None) -> None:
    """Raise ProblemsError where a part is asked of a source that has no parts: all of it would come in."""
    for setting, part in (("subset", subset), ("split", split)):
        if part is not None:
            raise ProblemsError(
                f"problems.{setting} is {part!r}, and {source} has no {setting}s; "
                f"leave problems.{setting} out to read all of it"
            )


def _split(splits: Mapping[str, Any], source: str, split: str | None, usual_split: str) -> Any:
    if split is None and len(splits) == 1:
        return next(iter(splits.values()))
    wanted = split or usual_split
    if wanted not in splits:
        raise ProblemsError(f"{source} has no split {wanted!r}; set problems.split to one of {list(splits)}")
    return splits[wanted]


def _unreadable(source: str, error: Exception, *, is_local: bool) -> str:
    hint = "to have broken lines listed instead, name a file of it"
    if not is_local:
        hint = "there is no local file or folder of that name; a gated set on the hub needs a login"
    return f"cannot load the data set {source}: {error}; if it has several configurations, set problems.subset; {hint}"
