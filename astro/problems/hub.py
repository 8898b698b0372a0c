"""Data sets in the Hugging Face layout, from the hub or a local folder, streamed through the datasets library."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from astro.errors import ProblemsError
from astro.problems.readers import TEXT_SUFFIXES, Row, read_rows, table_rows


def hub_rows(source: str, subset: str | None, split: str | None, usual_split: str) -> Iterator[Row]:
    """Stream the rows of a split of a data set; of a folder of text files each with its file and line.

    source: a folder (with data files, or written by save_to_disk), or owner/name on the hub, with @revision if wanted.
    subset: the configuration, where the data set has several.
    split: default usual_split, or the only one there is.

    Raises ProblemsError when the data set cannot be had or read, or the subset or split is not there.
    """
    import datasets  # noqa: PLC0415 - slow to import, and most sources are files

    folder = Path(source)
    try:
        if (folder / "dataset_dict.json").exists() or (folder / "state.json").exists():
            # A saved set may ask for tensors, or for some of its columns only: that was for training.
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
    except Exception as error:  # the library raises its own kinds, and those of fsspec, the hub client and pyarrow
        raise ProblemsError(_unreadable(source, error, is_local=folder.exists())) from error


def _text_files(config: Any) -> dict[str, list[str]] | None:
    """The files of each split, where our own readers read them, which list a broken line; None where they do not."""
    files = {str(split): [str(file) for file in found] for split, found in (config.data_files or {}).items()}
    names = [file.lower().removesuffix(".gz") for found in files.values() for file in found]
    # The folder's card may name another separator, or the field of a JSON file that holds the rows.
    separator = "\t" if any(name.endswith(".tsv") for name in names) else ","
    as_usual = getattr(config, "sep", separator) == separator and getattr(config, "field", None) is None
    return files if names and as_usual and all(name.endswith(TEXT_SUFFIXES) for name in names) else None


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
    hint = "a folder holds JSONL, JSON, CSV or Parquet files named after their splits"
    if not is_local:
        hint = "there is no local file or folder of that name; a gated set on the hub needs a login"
    return f"cannot load the data set {source}: {error}; if it has several configurations, set problems.subset; {hint}"
