"""Prompts as token ids, for base and chat models alike, and where a step ends.

A partial assistant turn never goes through a chat template, because templates strip it, rewrite it (DeepSeek and Qwen 3
cut out thoughts) or close it. The template renders the conversation up to the opening of the assistant's turn. The
opening is tokenized once, and the tokens of the partial turn follow it. Control tokens in a problem's text are broken
by a space, so that no problem can close its turn.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from astro.errors import ConfigError
from astro.models.control_tokens import inert, own_tokens
from astro.models.prompt_settings import (
    TEMPLATE_ERRORS,
    TRIAL,
    PromptConfig,
    PromptStyle,
    check_held_once,
    fill_in,
    instruction_of,
    load_template,
)
from astro.models.tokenizer import Tokenizer

# Some templates write the current date into the system turn, but a run must not depend on it. Llama 3's default.
_DATE = "26 Jul 2024"
THINK_FOR = "Think for {tokens} tokens."  # L1, Aggarwal and Welleck 2025, arXiv 2503.04697


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
        self._template = load_template(config)
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
        return instruction_of(self._config)

    @cached_property
    def opens_thought(self) -> bool:
        """Whether the prompt ends with <think>, so that a response starts inside the thought (R1-Zero, DeepSeek-R1)."""
        return self.tokenizer.decode(self.solve_ids(TRIAL)).rstrip().endswith("<think>")

    def _user_text(self, problem: str) -> str:
        return fill_in(self._template, self._config, inert(problem.strip(), self._own))

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
        text = self.tokenizer.decode(self.solve_ids(TRIAL))
        check_held_once(text, self._config)
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


def _fixed_date(pattern: str) -> str:
    """Replaces strftime_now in chat templates, which would give the current date."""
    from datetime import UTC, datetime  # noqa: PLC0415 - used by few templates

    return datetime.strptime(_DATE, "%d %b %Y").replace(tzinfo=UTC).strftime(pattern)
