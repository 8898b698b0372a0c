"""Prompts as token ids, for base and chat models alike, and where a step ends.

A partial assistant turn never goes through a chat template, because templates strip it, rewrite it (DeepSeek and Qwen 3
cut out thoughts) or close it. The template renders the conversation up to the opening of the assistant's turn. The
opening is tokenized once, and the tokens of the partial turn follow it. Control tokens in a problem's text are broken
by a space, so that no problem can close its turn.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import Field, model_validator

from astro.config import Section
from astro.errors import ConfigError
from astro.models.control_tokens import inert, own_tokens
from astro.models.steps import StepRule
from astro.models.template_trial import try_template
from astro.models.tokenizer import Tokenizer

TEMPLATES = Path(__file__).parent / "templates"
# Some templates write the current date into the system turn, but a run must not depend on it. Llama 3's default.
_DATE = "26 Jul 2024"
_TRIAL = "What is 6 times 7?"
THINK_FOR = "Think for {tokens} tokens."  # L1, Aggarwal and Welleck 2025, arXiv 2503.04697


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


class PromptFormat:
    """Renders prompts for one model.

    Attributes:
        tokenizer: the model's.
        style: whether prompts go through the chat template.
        step_rule: what ends a step.
        end_stop: stop strings that end a whole solution.
        answer: how the model is asked to give its final answer.
    """

    def __init__(self, config: PromptConfig, tokenizer: Tokenizer) -> None:
        """Raises ConfigError if the model's chat template cannot render this configuration."""
        # Mistral's tokenizer does not have the attribute.
        if config.style is PromptStyle.CHAT and not getattr(tokenizer, "chat_template", None):
            raise ConfigError("prompt.style is chat, but the model has no chat template; set prompt.style=plain")
        self._config, self.tokenizer = config, tokenizer
        self._own = own_tokens(tokenizer)
        self.style = config.style
        self._template = _load_template(config)
        self.step_rule, self.end_stop = config.step_rule, config.solution_stop
        self.answer = config.answer
        self._check_template()

    def on(self, tokenizer: Tokenizer) -> "PromptFormat":
        """The same prompts for another model, by its tokenizer. Raises ConfigError as the constructor does."""
        return PromptFormat(self._config, tokenizer)

    def solve_ids(self, problem: str) -> list[int]:
        """The prompt of a problem, up to the start of the model's response."""
        if self._config.style is PromptStyle.PLAIN:
            return self._plain_ids(self._begun(self._user_text(problem)))
        return self._solver_ids(self._solve_turns(problem))

    def solve_ids_of(self, messages: Sequence[Mapping[str, str]]) -> list[int]:
        """The prompt of the turns of training_messages(), or of any conversation that ends with a user turn."""
        if self._config.style is PromptStyle.PLAIN:
            return self.solve_ids(messages[-1]["content"].removesuffix(f"\n\n{self.instruction}"))
        return self._solver_ids(messages)

    def _solver_ids(self, turns: Sequence[Mapping[str, str]]) -> list[int]:
        return self.tokenizer.encode(self._begun(self._opening(turns)), add_special_tokens=False)

    def _begun(self, opening: str) -> str:
        """The opening of the solver's turn with thinking_prefix, unless it already ends with it."""
        prefix = self._config.thinking_prefix
        return opening if not prefix or opening.rstrip().endswith(prefix.strip()) else opening + prefix

    def chat_ids(self, messages: Sequence[Mapping[str, str]], partial_assistant: str = "") -> list[int]:
        """The prompt of any request other than solving, with the beginning of the assistant's answer.

        messages: turns of {role, content}; the last is the user's. A base model gets their contents separated by blank
        lines.
        """
        messages = [{**message, "content": inert(message["content"], self._own)} for message in messages]
        if self._config.style is PromptStyle.PLAIN:
            text = "\n\n".join(message["content"] for message in messages) + "\n"
            opening = self._plain_ids(text + self._config.thinking_suffix)
        else:
            text = self._opening(messages) + self._config.thinking_suffix
            opening = self.tokenizer.encode(text, add_special_tokens=False)
        return opening + self.continuation_ids(opening, partial_assistant)

    def training_messages(self, problem: str) -> list[dict[str, str]]:
        """The turns before a solution in training: the solve prompt without its examples."""
        if self._config.style is PromptStyle.CHAT:
            return self._with_system([{"role": "user", "content": self._user_text(problem)}])
        return [{"role": "user", "content": f"{inert(problem.strip(), self._own)}\n\n{self.instruction}"}]

    def continuation_ids(self, opening: Sequence[int], text: str) -> list[int]:
        """The tokens that add exactly text to opening.

        Raises ConfigError if no tokens do, because the tokenizer changes the text when it encodes it.
        """
        if not text:
            return []
        before = self.tokenizer.decode(opening)
        for anchor in ("", "\n", "a"):
            # SentencePiece adds a leading space. After an anchor, it encodes the text unchanged.
            lead = self.tokenizer.encode(anchor, add_special_tokens=False) if anchor else []
            ids = self.tokenizer.encode(anchor + text, add_special_tokens=False)
            if ids[: len(lead)] == lead and self.tokenizer.decode([*opening, *ids[len(lead) :]]) == before + text:
                return ids[len(lead) :]
        raise ConfigError(f"the model's tokenizer cannot encode this text unchanged: {text[:80]!r}")

    @cached_property
    def instruction(self) -> str:
        """The instruction on how to write steps and the answer."""
        return _instruction(self._config)

    @cached_property
    def opens_thought(self) -> bool:
        """Whether the prompt ends with <think>, so that a response starts inside the thought (R1-Zero, DeepSeek-R1)."""
        return self.tokenizer.decode(self.solve_ids(_TRIAL)).rstrip().endswith("<think>")

    def _user_text(self, problem: str) -> str:
        return _fill_in(self._template, self._config, inert(problem.strip(), self._own))

    def _solve_turns(self, problem: str) -> list[dict[str, str]]:
        turns = []
        for example in self._config.examples:
            turns.append({"role": "user", "content": self._user_text(example.problem)})
            turns.append({"role": "assistant", "content": example.solution})
        return [*turns, {"role": "user", "content": self._user_text(problem)}]

    def _opening(self, messages: Sequence[Mapping[str, str]]) -> str:
        """The conversation and the opening of the assistant's turn, as text."""
        return self._render(self._with_system(messages))

    def _with_system(self, messages: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
        """Add the system text: as a system turn, or in the first user turn if the template drops system turns.

        Turns made by training_messages() already hold the text and are not changed.
        """
        turns, words = [dict(message) for message in messages], self._config.system
        if words is not None and self._drops_system and turns[0]["content"].startswith(f"{words}\n\n"):
            return turns
        if words is not None and turns[0]["role"] != "system":
            turns.insert(0, {"role": "system", "content": words})
        if turns[0]["role"] == "system" and self._drops_system:
            system, asked, *rest = turns
            turns = [{**asked, "content": f"{system['content']}\n\n{asked['content']}"}, *rest]
        return turns

    @cached_property
    def _drops_system(self) -> bool:
        """Whether the model's chat template rejects a system turn (Gemma) or omits it."""
        try:
            text = self._render([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}])
        except ConfigError:
            return True
        return "Be brief." not in text

    @cached_property
    def _wants_parts(self) -> bool:
        """Whether the chat template accepts a turn's content only as a list of parts (models that also see images)."""
        return "Why?" not in self._apply_template([{"role": "user", "content": "Why?"}])

    def _render(self, messages: Sequence[Mapping[str, str]]) -> str:
        if not self._wants_parts:
            return self._apply_template(messages)
        return self._apply_template(
            [{**turn, "content": [{"type": "text", "text": turn["content"]}]} for turn in messages]
        )

    def _apply_template(self, messages: Sequence[Mapping[str, Any]]) -> str:
        options = {"date_string": _DATE, "strftime_now": _fixed_date} | self._config.template_options
        try:
            text = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True, **options)
        except (*TEMPLATE_ERRORS, RecursionError, MemoryError) as error:
            reason = str(error) or type(error).__name__
            raise ConfigError(f"the model's chat template cannot render the prompt: {reason[:500]}") from error
        return str(text)

    def _plain_ids(self, text: str) -> list[int]:
        """Tokenize with the tokenizer's special tokens at the start (BOS) and without those at the end (EOS)."""
        bare = self.tokenizer.encode(text, add_special_tokens=False)
        ids = self.tokenizer.encode(text)
        start = next((at for at in range(len(ids) - len(bare) + 1) if ids[at : at + len(bare)] == bare), None)
        return ids if start is None else ids[: start + len(bare)]

    def _check_template(self) -> None:
        """Render a prompt once, so that errors of the template show before a run."""
        text = self.tokenizer.decode(self.solve_ids(_TRIAL))
        _check_held_once(text, self._config)
        for number, example in enumerate(self._config.examples, 1):
            if example.solution.strip() not in text:
                raise ConfigError(
                    f"prompt.examples: the model's chat template changes the solution of example {number} "
                    "(many cut out text between <think> tags); give the solution without it"
                )


def asking_for_length(problem: str, tokens: int, sentence: str = THINK_FOR) -> str:
    """The problem, followed by the sentence with the number in place of {tokens}."""
    return f"{problem.rstrip()}\n\n{sentence.replace('{tokens}', str(tokens))}"


def answer_text(text: str, *, finished: bool, opens_thought: bool) -> str:
    """The response as the verifier reads it: a cut-off response gets back the <think> that its prompt opened.

    So a response that was cut off inside its thought has no answer.

    finished: whether the model ended the response. A finished response is unchanged, because it may give the answer
        without closing the thought.
    opens_thought: see PromptFormat.opens_thought.
    """
    return f"<think>{text}" if opens_thought and not finished else text


def check_template(config: PromptConfig) -> None:
    """Raise ConfigError if the template is missing, cannot be rendered, or omits a setting.

    Needs no model; PromptFormat checks the template against the model.
    """
    text = _fill_in(_load_template(config), config, _TRIAL)
    _check_held_once(text, config)
    # A chat model gets the system text as a separate turn.
    system = config.system if config.style is PromptStyle.PLAIN else None
    for setting, given in (("instruction", config.instruction), ("system", system)):
        if given and given.strip() not in text:
            raise ConfigError(
                f"prompt.{setting} is set, but prompt.template {config.template or config.style!s} does not use it; "
                f"remove the setting, or write a template with {{{{ {setting} }}}}"
            )


def _check_held_once(text: str, config: PromptConfig) -> None:
    if text.count(_TRIAL) != 1:
        raise ConfigError(
            f"the prompt must contain the problem once, but contains it {text.count(_TRIAL)} times; "
            f"check prompt.template {config.template or config.style!s}"
        )


# The exceptions of rendering a user's template, and of reading one that is not UTF-8.
TEMPLATE_ERRORS = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError)


def _instruction(config: PromptConfig) -> str:
    if config.instruction is not None:
        return config.instruction
    return f"{_ASK_STEPS[config.step]} {_ASK_ANSWER[config.answer]}"


def _fill_in(template: Any, config: PromptConfig, problem: str) -> str:
    try:
        text = template.render(
            problem=problem.strip(),
            instruction=_instruction(config),
            system=config.system,
            examples=[example.model_dump() for example in config.examples],
        )
    except TEMPLATE_ERRORS as error:
        raise ConfigError(f"prompt.template {config.template}: {error}") from error
    return str(text).rstrip("\n")


def _load_template(config: PromptConfig) -> Any:
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


def _fixed_date(pattern: str) -> str:
    """Replaces strftime_now in chat templates, which would give the current date."""
    from datetime import UTC, datetime  # noqa: PLC0415 - used by few templates

    return datetime.strptime(_DATE, "%d %b %Y").replace(tzinfo=UTC).strftime(pattern)
