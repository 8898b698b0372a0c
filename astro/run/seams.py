"""The parts of a run that all stages share; a stage also receives its own sections, never the whole configuration."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from astro.models.engine import EngineSection
from astro.models.prompt_settings import PromptConfig
from astro.models.roles import RolesConfig
from astro.run.trackers import Tracker
from astro.verify import VerifyConfig


@dataclass(frozen=True, slots=True)
class Seams:
    """The run directory, the model, the prompt, the verifier's settings and the seed.

    settings: the resolved configuration as config.yaml holds it. identity: its hash (RunConfig.identity).
    speed: dotted names of settings that may change when the run resumes.
    license: of data sets and checkpoints, as their cards state it.
    trackers, metrics: who follows the run while it works (astro.run.trackers, astro.run.watching).
    """

    directory: Path
    settings: Mapping[str, Any]
    identity: str
    speed: frozenset[str]
    seed: int
    engine: EngineSection
    prompt: PromptConfig
    roles: RolesConfig
    verify: VerifyConfig
    license: str
    trackers: tuple[Tracker, ...] = ()
    metrics: str | None = None
