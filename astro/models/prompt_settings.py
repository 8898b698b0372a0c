"""Settings of the prompt of a problem, and the template that writes it, without a model."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import Field, model_validator

from astro.config import Section
from astro.errors import ConfigError
from astro.models.steps import StepRule
from astro.models.template_trial import try_template

TEMPLATES = Path(__file__).parent / "templates"
TRIAL = "What is 6 times 7?"
"""A problem that stands in a prompt once."""

# The exceptions of rendering a user's template, and of reading one that is not UTF-8.
TEMPLATE_ERRORS = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError)


class PromptStyle(StrEnum):
    """How a prompt reaches the model."""

    CHAT = "chat"  # through the model's chat template; the template of this package is the user turn
    PLAIN = "plain"  # as text, for base models; the template of this package is the whole prompt


class StepDelimiter(StrEnum):
    """What ends a step."""

    BLANK_LINE = "blank_line"
    NEWLINE = "newline"
    HEADING = "heading"  # "## Step n" begins the next step


class AnswerStyle(StrEnum):
    """How the model is asked to give its final answer."""

    BOXED = "boxed"  # \\boxed{...}
    TAG = "tag"  # <answer>...</answer>
    LINE = "line"  # a last line "Answer: ..."


_STEP_STOP = {
    StepDelimiter.BLANK_LINE: ("\n\n",),
    StepDelimiter.NEWLINE: ("\n",),
    StepDelimiter.HEADING: ("\n## Step ",),
}
_BY_STRUCTURE = frozenset({StepDelimiter.BLANK_LINE})
_ASK_STEPS = {
    # Chat models separate steps by blank lines anyway; asked for them, weak models write about blank lines.
    StepDelimiter.BLANK_LINE: "Reason step by step.",
    StepDelimiter.NEWLINE: "Reason step by step, one step a line.",
    StepDelimiter.HEADING: 'Reason step by step; begin each step with a heading "## Step 1", "## Step 2" and so on.',
}
_ASK_ANSWER = {
    AnswerStyle.BOXED: "Put the final answer within \\boxed{}.",
    AnswerStyle.TAG: "Put the final answer between <answer> and </answer>.",
    AnswerStyle.LINE: 'End with a line "Answer: " followed by the final answer.',
}
_STYLE_OF_TEMPLATE = {
    "chat": PromptStyle.CHAT,
    "tiny": PromptStyle.CHAT,
    "plain": PromptStyle.PLAIN,
    "r1_zero": PromptStyle.PLAIN,
}
# After its answer, a base model writes the heading of the next problem and would solve that, too.
_END_STOP = {"plain": ("Problem:",), "r1_zero": ("</answer>", "User:")}
_WITH_INSTRUCTION = ("chat", "plain")


class SolvedExample(Section):
    """A few-shot example."""

    problem: str
    solution: str


class PromptConfig(Section):
    """The prompt of a problem.

    template: chat, tiny, plain, r1_zero, or the path of a Jinja file, which gets problem, instruction, system and
        examples; null takes the template named like style.
    system: the system turn; null leaves it to the chat template, which may have a default.
    examples: solved problems shown first; chat models get them as turns.
    step: what ends a step. A blank line ends one only where it breaks no code block, display or list, and where the
        text before it does not announce what follows (astro.models.structure).
    min_step_content: letters and digits that a step has at least, if blank lines end steps; shorter paragraphs join the
        next one.
    instruction: how to write steps and the answer; null takes sentences that match the settings step and answer.
    thinking_prefix: begins the solver's turn, such as <think>, unless the chat template already writes it.
    thinking_suffix: begins the answer to every other request, such as </think>, to skip a thinking model's thoughts.
    end_stop: strings that end a whole solution, such as the heading of the next problem; null takes those of the
        template (plain, r1_zero). A closing tag such as </answer> is part of the solution, any other string is not.
    template_options: variables of the chat template, such as enable_thinking.
    """

    style: PromptStyle = PromptStyle.CHAT
    template: str | None = None
    system: str | None = None
    examples: tuple[SolvedExample, ...] = ()
    step: StepDelimiter = StepDelimiter.BLANK_LINE
    min_step_content: Annotated[int, Field(ge=0)] = 40
    answer: AnswerStyle = AnswerStyle.BOXED
    instruction: str | None = None
    thinking_prefix: str = ""
    thinking_suffix: str = ""
    end_stop: tuple[Annotated[str, Field(min_length=1)], ...] | None = None
    template_options: dict[str, Any] = Field(default_factory=dict)

    @property
    def step_rule(self) -> StepRule:
        """What ends a step."""
        return StepRule(_STEP_STOP[self.step], self.min_step_content if self.step in _BY_STRUCTURE else None)

    @property
    def solution_stop(self) -> tuple[str, ...]:
        """Stop strings that end a whole solution."""
        return _END_STOP.get(self.template or self.style, ()) if self.end_stop is None else self.end_stop

    @property
    def asks_for_answer(self) -> bool:
        """Whether the prompt asks for the answer in the style `answer`: not with a custom instruction or template."""
        return self.instruction is None and (self.template or self.style) in _WITH_INSTRUCTION

    @model_validator(mode="after")
    def _template_fits_style(self) -> Self:
        style = _STYLE_OF_TEMPLATE.get(self.template or self.style)
        if style is not None and style is not self.style:
            raise ValueError(f"template {self.template} is for style {style}, and style is {self.style}")
        return self


def check_template(config: PromptConfig) -> None:
    """Raise ConfigError if the template is missing, cannot be rendered, or omits a setting.

    Needs no model; PromptFormat checks the template against the model.
    """
    text = fill_in(load_template(config), config, TRIAL)
    check_held_once(text, config)
    # A chat model gets the system text as a separate turn.
    system = config.system if config.style is PromptStyle.PLAIN else None
    for setting, given in (("instruction", config.instruction), ("system", system)):
        if given and given.strip() not in text:
            raise ConfigError(
                f"prompt.{setting} is set, but prompt.template {config.template or config.style!s} does not use it; "
                f"remove the setting, or write a template with {{{{ {setting} }}}}"
            )


def check_held_once(text: str, config: PromptConfig) -> None:
    """Raise ConfigError unless a rendered prompt contains the trial problem once."""
    if text.count(TRIAL) != 1:
        raise ConfigError(
            f"the prompt must contain the problem once, but contains it {text.count(TRIAL)} times; "
            f"check prompt.template {config.template or config.style!s}"
        )


def instruction_of(config: PromptConfig) -> str:
    """How to write steps and the answer: the custom sentences, or those of the settings step and answer."""
    if config.instruction is not None:
        return config.instruction
    return f"{_ASK_STEPS[config.step]} {_ASK_ANSWER[config.answer]}"


def fill_in(template: Any, config: PromptConfig, problem: str) -> str:
    """The template with a problem in it. Raises ConfigError if it cannot be rendered."""
    try:
        text = template.render(
            problem=problem.strip(),
            instruction=instruction_of(config),
            system=config.system,
            examples=[example.model_dump() for example in config.examples],
        )
    except TEMPLATE_ERRORS as error:
        raise ConfigError(f"prompt.template {config.template}: {error}") from error
    return str(text).rstrip("\n")


def load_template(config: PromptConfig) -> Any:
    """The Jinja template, built in or of a file. Raises ConfigError if there is none, or it is not a template."""
    name = config.template or config.style
    path = TEMPLATES / f"{name}.jinja" if name in _STYLE_OF_TEMPLATE else Path(name).expanduser()
    environment = ImmutableSandboxedEnvironment(  # text for a model, not HTML
        undefined=StrictUndefined, trim_blocks=False, keep_trailing_newline=True, autoescape=False
    )
    try:
        source = path.read_text(encoding="utf-8")
        if name not in _STYLE_OF_TEMPLATE:
            try_template(source, f"prompt.template {path}")
        return environment.from_string(source)
    except UnicodeDecodeError as error:
        raise ConfigError(f"prompt.template: {path} is not UTF-8: {error}") from error
    except OSError as error:
        known = ", ".join(_STYLE_OF_TEMPLATE)
        raise ConfigError(f"prompt.template: file {name} not found; built-in templates: {known}") from error
    except TemplateError as error:
        raise ConfigError(f"prompt.template: {path} is not a Jinja template: {error}") from error
