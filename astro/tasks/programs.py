"""Programs in a solution, and the outputs that it claims for them. ASTRO runs no program of a solution."""

import re
from collections.abc import Sequence

_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[ \t]*(?P<language>[\w+#.-]{0,20})", re.MULTILINE)
_OUTPUT = frozenset({"output", "stdout", "console"})
_ANNOUNCED = re.compile(
    r"(?:\b(?:outputs?|prints?|results?|returns?)\b[^\n.]{0,60}:[*_ \t]*|"
    r"\boutputs? (?:of|from) [^\n.]{1,60} is\b[^\n]{0,20})\n\s*\Z",
    re.IGNORECASE,
)


def invents_output(steps: Sequence[str]) -> bool:
    """Whether a solution shows the output of its own program, as in a block "output" after a block "python".

    No program was run, so such an output is a guess, and what follows from it is right by luck.
    """
    text = "\n\n".join(steps)
    opened, has_program, last_end = False, False, 0
    for fence in _FENCE.finditer(text):
        if opened:
            opened, last_end = False, fence.end()
            continue
        opened = True
        between = text[last_end : fence.start()]
        is_output = fence["language"].lower() in _OUTPUT
        if has_program and (is_output or (not fence["language"] and _ANNOUNCED.search(between))):
            return True
        has_program = has_program or not is_output
    return False
