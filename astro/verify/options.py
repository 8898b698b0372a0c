"""The lettered or numbered options in the text of a question."""

import re

_OPTION = re.compile(r"(?:^|(?<=\s)|(?<=[,;]))[(\[]?([A-Z]|\d{1,2})[).:\]]\s?(?=\S)", re.MULTILINE)


def options_in(prompt: str) -> dict[str, str]:
    """The longest run A, B, C, ... (or 1, 2, 3, ...) of labels in the prompt, each with the text up to the next."""
    marks = list(_OPTION.finditer(prompt))
    for first in ("A", "1"):
        run: list[re.Match[str]] = []
        for mark in marks:
            expected = first if not run else _next_label(run[-1].group(1))
            if mark.group(1) == expected:
                run.append(mark)
        if len(run) > 1:
            ends = [mark.start() for mark in run[1:]] + [len(prompt)]
            texts = [prompt[mark.end() : end] for mark, end in zip(run, ends, strict=True)]
            texts[-1] = re.split(r"\n|(?<=[.?!])\s", texts[-1], maxsplit=1)[0]
            return {mark.group(1): text for mark, text in zip(run, texts, strict=True)}
    return {}


def _next_label(label: str) -> str:
    return str(int(label) + 1) if label.isdecimal() else chr(ord(label) + 1)
