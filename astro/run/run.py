"""`astro run`, `search`, `traces` and `data`: the verbs that start from a configuration."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from astro.errors import ConfigError
from astro.run.opening import Stages
from astro.run.plan import carry_out, carry_out_plan, check_plan, making_of
from astro.run.rehearsal import Rehearsal, rehearse
from astro.run.rounds import carry_out_rounds, check_rounds, expanded, resolve
from astro.run.settings import load_run


def run(path: Path, settings: Sequence[str], console: Console, *, rehearsal: Rehearsal | None = None) -> None:
    """Run the plan or the rounds of a configuration, or rehearse it. Raises the errors of astro.errors."""
    config = load_run(path, settings)
    if config.rounds:
        check_rounds(config, fetch=rehearsal is None)
        if rehearsal is not None:
            first = resolve(config, 1, expanded(config)[0], []).config
            console.print(f"the first of {len(expanded(config))} rounds:")
            rehearse(making_of(first), Stages.of(first.stages), console, rehearsal)
        else:
            carry_out_rounds(config, console)
        return
    check_plan(config, fetch=rehearsal is None)
    if rehearsal is not None:
        rehearse(making_of(config), Stages.of(config.stages), console, rehearsal)
    else:
        carry_out_plan(config, console)


def make(
    path: Path, settings: Sequence[str], stages: Stages, console: Console, *, rehearsal: Rehearsal | None = None
) -> None:
    """Run stages of a configuration, whatever its plan. Raises the errors of astro.errors that a user can fix."""
    config = load_run(path, settings)
    if config.rounds:
        raise ConfigError(f"{path} has rounds, which `astro run` carries out; a round is a run in RUN/rounds/N")
    if rehearsal is not None:
        rehearse(making_of(config), stages, console, rehearsal)
    else:
        carry_out(config, stages, console)
