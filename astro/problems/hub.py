"""Data sets in the Hugging Face layout, from the hub or a local folder, streamed through the datasets library."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from astro.errors import ProblemsError
from astro.problems.readers import TEXT_SUFFIXES, Row, read_rows, table_rows


def hub_rows(source: str, subset: str | None, split: str | None, usual_split: str) -> Iterator[Row]:
    """Stream the rows of one split of a data set. Rows of a folder of text files have their file and line.

    source: a folder (with data files, or written by save_to_disk), or owner/name on the hub, optionally with @revision.
    subset: the configuration, if the data set has several.
    split: the default is usual_split, or the only split.

    Raises ProblemsError if the data set cannot be loaded or read, or has no such subset or split.
    """
    import datasets  # noqa: PLC0415 - slow to import, and most sources are files

    folder = Path(source)
    try:
        if (folder / "dataset_dict.json").exists() or (folder / "state.json").exists():
            # A saved set may be formatted for training, as tensors or with some of its columns only.
            splits = datasets.load_from_disk(source).with_format(None)
            refuse_parts(source, subset, None if isinstance(splits, dict) else split)
        elif folder.exists():
            builder = datasets.load_dataset_builder(source, subset)
            files = _text_files(builder.config)
            if files is not None:
                for file in _split(files, source, split, usual_split):
                    yield from (row._replace(file=file) for row in read_rows(Path(file)))
                return
            splits = builder.as_streaming_dataset()
        else:
            name, _, revision = source.partition("@")
            splits = datasets.load_dataset(name, subset, revision=revision or None, streaming=True)
        yield from table_rows(_split(splits, source, split, usual_split) if isinstance(splits, dict) else splits)
    except ProblemsError:
        raise
    except Exception as error:  # the library raises its own errors and those of fsspec, the hub client and pyarrow
        raise ProblemsError(_unreadable(source, error, is_local=folder.exists())) from error


def _text_files(config: Any) -> dict[str, list[str]] | None:
    """The files of each split if our readers can read them, which report broken lines; otherwise None."""
    files = {str(split): [str(file) for file in found] for split, found in (config.data_files or {}).items()}
    names = [file.lower().removesuffix(".gz") for found in files.values() for file in found]
    # The folder's card may set another separator, or the field of a JSON file that holds the rows.
    separator = "\t" if any(name.endswith(".tsv") for name in names) else ","
    as_usual = getattr(config, "sep", separator) == separator and getattr(config, "field", None) is None
    return files if names and as_usual and all(name.endswith(TEXT_SUFFIXES) for name in names) else None


def refuse_parts(source: str, subset: str | None, split: str | None) -> None:
    """Raise ProblemsError if a subset or split is set for a source without parts: it would be read whole."""
    for setting, part in (("subset", subset), ("split", split)):
        if part is not None:
            raise ProblemsError(
                f"problems.{setting} is {part!r}, but {source} has no {setting}s; "
                f"remove problems.{setting} to read all of it"
            )


def _split(splits: Mapping[str, Any], source: str, split: str | None, usual_split: str) -> Any:
    if split is None and len(splits) == 1:
        return next(iter(splits.values()))
    wanted = split or usual_split
    if wanted not in splits:
        raise ProblemsError(f"{source} has no split {wanted!r}; set problems.split to one of {list(splits)}")
    return splits[wanted]


def _unreadable(source: str, error: Exception, *, is_local: bool) -> str:
    hint = "a folder holds JSONL, JSON, CSV or Parquet files named after their splits"
    if not is_local:
        hint = "no local file or folder has that name; a gated set on the hub needs a login"
    return f"cannot load the data set {source}: {error}; if it has several configurations, set problems.subset; {hint}"
