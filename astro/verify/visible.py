"""Removes what a reader of a rendered response cannot see, and finds matching braces."""

import re

RARE_MARKS = ("\\fbox", "phantom{", "cancel{", "\\sout", "white", "\\iffalse", "\\begin{comment}")


def visible(text: str) -> str:
    """The text without what its rendering hides: comments, hidden elements, phantoms, struck-out text."""
    if "<" in text:
        text = _without_hidden_html(text)
    if "%" in text:
        text = "\n".join(line for line in text.split("\n") if not line.lstrip().startswith("%"))
    if "~~" in text or "]: " in text:
        text = _HIDDEN_MARKDOWN.sub("", text)
    if "\\" in text and any(mark in text for mark in RARE_MARKS):
        text = _without_hidden_latex(text)
    return text


_HIDDEN_MARKDOWN = re.compile(
    r"^[ \t]{0,8}\[[^\]\n]{1,40}\]: (?:#|<>).{0,2000}$"  # a link to nowhere: a comment
    r"|(?<![\w~\\}$])~~(?=[^\s~])(?:[^\n~]|~(?!~)){1,400}~~(?!~)",  # struck out; two ties of LaTeX follow a word
    re.MULTILINE,
)


def closing_brace(text: str, opening: int) -> int:
    """Index of the brace that closes the one at opening, escaped braces ignored; -1 when it is never closed."""
    depth = 0
    for match in _BRACE.finditer(text, opening):
        mark = match.group()
        if mark == "{":
            depth += 1
        elif mark == "}":
            depth -= 1
            if depth == 0:
                return match.start()
    return -1


_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)


def _without_hidden_html(text: str) -> str:
    text = _cut_between(text, "<!--", "-->")
    for name in ("del", "strike", "s"):
        if f"</{name}>" in text:
            text = _cut_between(text, f"<{name}>", f"</{name}>")
    for _ in range(64):
        opened = _HIDDEN_ELEMENT.search(text)
        if opened is None:
            break
        closing = text.find(f"</{opened.group(1)}", opened.end())
        text = text[: opened.start()] + ("" if closing < 0 else text[closing + len(opened.group(1)) + 2 :])
    return text


_HIDDEN_ELEMENT = re.compile(
    r"<([a-zA-Z]{1,20})\s[^<>]{0,300}?(?:display\s?:\s?none|visibility\s?:\s?hidden|\bhidden\b|font-size\s?:\s?0)"
    r"[^<>]{0,300}>",
)


def _without_hidden_latex(text: str) -> str:
    text = _cut_between(_cut_between(text, "\\iffalse", "\\fi"), "\\begin{comment}", "\\end{comment}")
    pieces, position = [], 0
    for match in _HIDING_COMMAND.finditer(text):
        if match.start() < position:
            continue
        closing = closing_brace(text, match.end() - 1)
        pieces.append(text[position : match.start()])
        position = len(text) if closing < 0 else closing + 1
    return "".join(pieces) + text[position:]


_HIDING_COMMAND = re.compile(
    r"\\(?:[hv]?phantom|[bx]?cancel|sout|(?:text)?color\{white\})\s?\{",
)


def _cut_between(text: str, opening: str, closing: str) -> str:
    """Drop every opening ... closing stretch; one that is never closed runs to the end."""
    if opening not in text:
        return text
    pieces, position = [], 0
    while (start := text.find(opening, position)) >= 0:
        pieces.append(text[position:start])
        end = text.find(closing, start)
        if end < 0:
            return "".join(pieces)
        position = end + len(closing)
    return "".join(pieces) + text[position:]
