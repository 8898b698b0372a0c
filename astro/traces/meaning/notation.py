r"""Mathematics in words in the notation of LaTeX: "the square root of 5", "minus 5", "5 percent", "x is not 3"."""

import re
from functools import cache, lru_cache

from astro.traces.meaning.numerals import SPELLED

_GREEK = "alpha|beta|gamma|delta|epsilon|theta|lambda|mu|pi|rho|sigma|tau|phi|varphi|omega|Delta|Omega|infty"
_FUNCTIONS = "arcsin|arccos|arctan|sin|cos|tan|sec|csc|cot|log|ln|exp|gcd|lcm|sqrt"
_OPENED, _CLOSED = "\x01?", "\x02?"  # for words between two pieces of LaTeX, in the spelling of plain.plain()
_OPERAND = rf"[ \t]{{0,3}}{_OPENED}(?=[-(]?\d|\(|\\[a-zA-Z]|[b-zB-HJ-Z]\b)"
_SHORT = r"\\?-?[\w.]{1,9}"  # a number or a variable
_COUNTED = r"(?:(?<=[\d)}])|(?<=\b[a-z]))"
_AFTER_NUMBER = "(?:" + "|".join(rf"(?<=\b{name})" for name in SPELLED) + r"|(?<=\d))"
_BETWEEN = (
    rf"({_SHORT}){_CLOSED},? (?:is|are|lies|lie|falls) between {_OPENED}({_SHORT}){_CLOSED} and {_OPENED}({_SHORT})"
)
_BETWEEN += _CLOSED
_IS_NOT = r"\b(?:(?:is|are|was|were|does|do|must|should|could|can)(?: not|n't)|cannot|can't)"
_WORDING = (
    (r"\bpairs? of (?=(?:pants|trousers|jeans|shorts|scissors|glasses|tweezers|pliers)\b)", ""),
    (r"\\[dt](?=binom|frac)", r"\\"),
    (r"\\frac(\d)(\d)", r"\\frac{\1}{\2}"),
    (r"-[ \t]?\\frac\{(\w{1,9})\}\{(\w{1,9})\}", r"-\1/\2 "),
    (r"\\ne\b", r"\\neq "),
    (r"\b(?:base[- ](\d{1,3}) log(?:arithm)?|log(?:arithm)? base (\d{1,3})) of (\w{1,9})\b", r"\\log_\1\2 \3"),
    (r"\\(?:overline|overrightarrow|overleftrightarrow|widehat)[ \t]?\{[ \t]?([A-Z]{2})[ \t]?\}", r"\1"),
    (r"\\pmod[ \t]?\{?[ \t]?(\d{1,9}|[a-zA-Z])[ \t]?\}?", r" modulo \1 "),
    (r"\([ \t]?\\?mod(?:ulo)?[ \t]?(\d{1,9}|[a-z])[ \t]?\)|\bmod (\d{1,9})(?=[ \t]?[.,;\n\x02])", r" modulo \1\2 "),
    (r"\bratio\b([^.;\n]{0,80}?)\b(\d{1,4}) to (\d{1,4})\b(?!\.\d)", r"ratio\1\2:\3"),
    (r"\\(?:text|mathrm|operatorname)\{(gcd|lcm)\}", r"\\\1"),
    (r"\b(?:gcd|GCD|greatest common (?:divisor|factor)) of (\d{1,9}) and (\d{1,9})\b", r"\\gcd(\1, \2)"),
    (r"\b(?:lcm|LCM|least common multiple) of (\d{1,9}) and (\d{1,9})\b", r"\\lcm(\1, \2)"),
    (r"\\(?:left|right)(?=[|(\[\])])|\\(?= )", ""),
    (rf"\\?%|{_AFTER_NUMBER}[ -]per ?cent\b", r" \\percent "),
    (r"[ \t]?\^[ \t]?(?:\{[ \t]?\\circ[ \t]?\}|\\circ\b)|\u00b0|(?<=\d)[ -]degrees?\b", r" \\degree "),
    (rf"{_COUNTED}!(?!=)(?=[ \t]?(?:[-+*/=^\x02)\]}},.;:\\\d(]|[a-z]))|{_COUNTED} factorial\b", r" \\factorial "),
    (r"\\overline(?=[ \t]?\{?\d)", r"\\repeating"),
    (r"(\\(?:sin|cos|tan|sec|csc|cot))[ \t]?\\angle\b", r"\1"),
    (rf"{_BETWEEN},? inclusive\b", r"\2 \\le \1 \\le \3"),
    (_BETWEEN.replace(" between", " strictly between"), r"\2 < \1 < \3"),
    (r"\|(-?\w{1,9})\|", r"\\abs \1 "),
    (r"\|(?=\S)([^|\n\x01\x02]{0,40}[^|\n\x01\x02\s])\|", r"\\abs(\1)"),
    ("\u03c0", r" \\pi "),
    ("\u221a", r"\\sqrt "),
    (rf"\u00b1|\b(?:plus or minus|plus-minus)\b{_OPENED}", r"\\pm "),
    (rf"\bcube roots? of{_OPERAND}", r"\\sqrt[3] "),
    (rf"\bsquare roots? of{_OPERAND}", r"\\sqrt "),
    (rf"(?<!\ba )(?<!\broot )\broot of{_OPENED}[ \t]?(?=\d{{1,9}}\b(?! ?[-+*/^a-zA-Z\\]))", r"\\sqrt "),
    (rf"\babsolute value of{_OPERAND}", r"\\abs "),
    (rf"\b(sin|cos|tan)(?:e|ine|gent) of{_OPERAND}", r"\\\1 "),
    (rf"(?<![\\a-zA-Z])({_GREEK})\b", r"\\\1"),
    (rf"(?<![\\a-zA-Z])({_FUNCTIONS})(?![a-zA-Z])(?: of\b)?{_OPERAND}", r"\\\1 "),
    (r"\b(\d{1,9}|[a-zA-Z]) choose (\d{1,9}|[a-zA-Z])\b", r"\\binom{\1}{\2}"),
    (rf"{_CLOSED} ?(?:{_IS_NOT}|\bnot)(?: be)? equal(?: to)?\b ?{_OPENED}", " != "),
    (rf"{_CLOSED} ?{_IS_NOT}(?: be| equal)?{_OPERAND}(?![a-zA-Z(])", " != "),
    (rf"{_CLOSED} ?\bminus{_OPERAND}", " -"),
    (rf"{_CLOSED} ?\bnegative[ \t]{{0,3}}{_OPENED}(?=\d)", " -"),
)  # fmt: skip


@lru_cache(maxsize=4096)  # as for figures(): every thought is read again for each thought that follows it
def in_notation(text: str) -> str:
    r"""The text with mathematics in words written as LaTeX: "the square root of 5" is \sqrt 5, "minus 5" is -5."""
    for wording, notation in _compiled():
        text = wording.sub(notation, text)
    return text


@cache
def _compiled() -> tuple[tuple[re.Pattern[str], str], ...]:
    """The wordings, compiled when they are first needed: this takes a noticeable part of a command's start."""
    return tuple((re.compile(pattern), notation) for pattern, notation in _WORDING)
