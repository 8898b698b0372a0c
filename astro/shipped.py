"""The configurations and the model that come with ASTRO, found from any folder.

A source tree has them beside the package, an installed package under share/astro-reasoner.
"""

from importlib import metadata
from pathlib import Path, PurePosixPath

_TREE = Path(__file__).parents[1]
_SHARE = "share/astro-reasoner/"
_OTHERS = ("ablations", "accelerate")  # folders of configs that hold no runs


def shipped_configs() -> dict[str, Path]:
    """The configurations of runs by name: tiny, strategies/beam."""
    places = _files("configs", ".yaml")
    return {str(place.with_suffix("")): path for place, path in places.items() if place.parts[0] not in _OTHERS}


def shipped_models() -> dict[str, str]:
    """The folders of the models, by the paths that the configurations give them: data/models/tiny-countdown."""
    places = _files("data/models", "config.json")
    return {
        f"data/models/{place.parent}": str(path.parent) for place, path in places.items() if place.name == "config.json"
    }


def _files(folder: str, ending: str) -> dict[PurePosixPath, Path]:
    """The files below a folder whose names have this ending, by their path in it."""
    if (_TREE / folder).is_dir():
        paths = [path for path in sorted((_TREE / folder).rglob(f"*{ending}")) if path.is_file()]
        return {PurePosixPath(path.relative_to(_TREE / folder).as_posix()): path for path in paths}
    try:
        files = metadata.files("astro-reasoner") or []
    except metadata.PackageNotFoundError:
        return {}
    start = f"{_SHARE}{folder}/"
    found = {str(file).partition(start)[2]: file for file in files if start in str(file)}
    return {
        PurePosixPath(place): Path(str(file.locate())).resolve()
        for place, file in sorted(found.items())
        if place.endswith(ending)
    }
