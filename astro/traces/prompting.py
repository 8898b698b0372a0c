"""The prompts for rewriting, backtracking and self-evaluation, from versioned Jinja files.

A prompt set is a folder with rewrite.jinja, backtrack.jinja and evaluate.jinja, and perhaps entails.jinja, which is
otherwise that of chat/v1. Each file sets system (may be empty) and examples (each a mapping with the arguments of user
and a reply), and defines the macro user:

    rewrite    user(problem, thoughts, step, core, role)   core is the part of step to rewrite; role is a fidelity.Role
    backtrack  user(problem, thoughts, step)               step is none for the beginning
    evaluate   user(problem, solution)
    entails    user(premise, claim)                        does the claim follow from the premise
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.environment import TemplateModule
from jinja2.sandbox import ImmutableSandboxedEnvironment

from astro.errors import ConfigError
from astro.models.asking import Message
from astro.models.control_tokens import inert
from astro.models.prompt_settings import TEMPLATE_ERRORS
from astro.traces.fidelity import Role

_HERE = Path(__file__).parent / "prompts"
_TASKS = ("rewrite", "backtrack", "evaluate")
_ENTAILS = "entails"
_FILES = (*_TASKS, _ENTAILS)


@dataclass(frozen=True, slots=True)
class PromptSet:
    """The prompts of one folder. Model text is inserted as values, never as templates, with broken control tokens.

    version: the set's name and the first digits of its files' SHA-256, such as chat/v1@1a2b3c4d.
    """

    version: str
    _modules: Mapping[str, TemplateModule]

    def rewrite(self, problem: str, thoughts: Sequence[str], step: str, core: str, role: Role) -> list[Message]:
        """Ask to rewrite a step as the next thought. core: the part of the step that the thought must keep."""
        return self._messages("rewrite", problem=problem, thoughts=thoughts, step=step, core=core, role=str(role))

    def backtrack(self, problem: str, thoughts: Sequence[str], step: str | None) -> list[Message]:
        """Ask for the sentence that goes back to a step, or to the beginning if step is None."""
        return self._messages("backtrack", problem=problem, thoughts=thoughts, step=step)

    def evaluate(self, problem: str, solution: str) -> list[Message]:
        """Ask whether a solution is good."""
        return self._messages("evaluate", problem=problem, solution=solution)

    def entails(self, premise: str, claim: str) -> list[Message]:
        """Ask whether the claim follows from the premise."""
        return self._messages(_ENTAILS, premise=premise, claim=claim)

    def _messages(self, task: str, **values: Any) -> list[Message]:
        module: Any = self._modules[task]
        messages = [{"role": "system", "content": module.system.strip()}] if module.system.strip() else []
        for example in module.examples:
            asked = {name: value for name, value in example.items() if name != "reply"}
            messages.append({"role": "user", "content": module.user(**asked).strip()})
            messages.append({"role": "assistant", "content": example["reply"]})
        safe = {name: _inert(value) for name, value in values.items()}
        return [*messages, {"role": "user", "content": module.user(**safe).strip()}]


@lru_cache(maxsize=8)
def load_prompts(name: str) -> PromptSet:
    """Load a prompt set of ASTRO, such as chat/v1, or the folder at this path.

    Raises ConfigError if the set does not exist, or one of its files is missing or cannot be used.
    """
    folder = _HERE / name if (_HERE / name).is_dir() else Path(name)
    missing = [task for task in _TASKS if not (folder / f"{task}.jinja").is_file()]
    if missing:
        known = sorted(str(path.parent.relative_to(_HERE)) for path in _HERE.glob("*/*/rewrite.jinja"))
        raise ConfigError(
            f"traces.prompts: {name!r} has no {missing[0]}.jinja; use one of {', '.join(known)}, "
            f"or a folder that holds {', '.join(f'{task}.jinja' for task in _TASKS)}"
        )
    own = [each for each in _FILES if (folder / f"{each}.jinja").is_file()]
    digest = hashlib.sha256()
    for each in own:
        digest.update((folder / f"{each}.jinja").read_bytes())
    # Plain text for a language model, not HTML: no escaping.
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader([folder, _HERE / "chat" / "v1"]), undefined=StrictUndefined, autoescape=False
    )
    modules = {each: _module(environment, each, name) for each in _FILES}
    prompts = PromptSet(f"{name}@{digest.hexdigest()[:8]}", modules)
    _try_out(prompts, name)
    return prompts


def _module(environment: ImmutableSandboxedEnvironment, task: str, name: str) -> TemplateModule:
    try:
        module = environment.get_template(f"{task}.jinja").module
    except TEMPLATE_ERRORS as error:
        raise ConfigError(f"traces.prompts: {name}/{task}.jinja cannot be used: {error}") from error
    absent = [part for part in ("system", "examples", "user") if not hasattr(module, part)]
    if absent:
        raise ConfigError(f"traces.prompts: {name}/{task}.jinja does not define {', '.join(absent)}")
    return module


def _try_out(prompts: PromptSet, name: str) -> None:
    """Render every prompt once, so that a broken one fails before the run starts."""
    try:
        for role in Role:
            prompts.rewrite("problem", ["thought"], "step", "step", role)
        prompts.backtrack("problem", ["thought"], "step")
        prompts.backtrack("problem", ["thought"], None)
        prompts.evaluate("problem", "solution")
        prompts.entails("premise", "claim")
    except TEMPLATE_ERRORS as error:
        raise ConfigError(f"traces.prompts: the prompts of {name!r} cannot be rendered: {error}") from error


def _inert(value: Any) -> Any:
    if isinstance(value, str):
        return inert(value)
    return [inert(text) for text in value] if isinstance(value, Sequence) else value
