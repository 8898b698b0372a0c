"""The command astro, also as `python -m astro`; accelerate launches it so in every process."""

import gc
import sys

_NEW_OBJECTS = 100_000  # between two collections; with the usual 700 they take a fifth of the start


def main() -> None:
    """Run the command line."""
    gc.set_threshold(_NEW_OBJECTS)  # imports make many objects and hardly any garbage
    from astro.cli import main as cli  # noqa: PLC0415 - after the line above

    try:
        cli()
    finally:
        if "torch" not in sys.modules:  # nanobind, which comes with it, reports what is not collected
            gc.freeze()  # or the interpreter would look through every module twice more before it ends


if __name__ == "__main__":
    main()
