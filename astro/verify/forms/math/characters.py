# ruff: noqa: RUF001 - a table of look-alikes

"""Maps the characters that models write to the ASCII that the lexer reads.

Compatibility normalisation alone would turn 10² into 102, 2½ into 21/2 and ①② into 12, so these are mapped first.
"""

import re
import unicodedata

from astro.verify.forms.math.errors import UnreadableError

_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿⁱ", "0123456789+-()ni", strict=True))
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋", "0123456789+-", strict=True))
_FRACTIONS = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5), "⅗": (3, 5),
    "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅐": (1, 7), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8),
    "⅑": (1, 9), "⅒": (1, 10),
}  # fmt: skip
_SYMBOLS = {
    "−": "-", "﹣": "-", "－": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "‒": "-", "―": "-", "➖": "-", "＋": "+",
    "×": r"\times ", "✕": r"\times ", "✖": r"\times ", "·": r"\cdot ", "⋅": r"\cdot ", "∙": r"\cdot ", "•": r"\cdot ",
    "∗": "*", "÷": r"\div ", "∕": "/", "⁄": "/", "±": r"\pm ", "∓": r"\mp ", "≤": r"\le ", "⩽": r"\le ", "≦": r"\le ",
    "≥": r"\ge ", "⩾": r"\ge ", "≧": r"\ge ", "≠": r"\ne ", "≈": r"\approx ", "≅": r"\approx ", "≃": r"\approx ",
    "∞": r"\infty ", "√": r"\surd ", "∛": r"\cbrt ", "π": r"\pi ", "∪": r"\cup ", "∩": r"\cap ", "∈": r"\in ",
    "∉": r"\notin ", "∅": r"\emptyset ", "⌀": r"\emptyset ", "∖": r"\setminus ", "ℝ": r"\mathbb{R}",
    "ℤ": r"\mathbb{Z}", "ℕ": r"\mathbb{N}", "ℚ": r"\mathbb{Q}", "ℂ": r"\mathbb{C}", "°": r"^\circ ", "º": r"^\circ ",
    "˚": r"^\circ ",
    "∘": r"\circ ", "′": "'", "″": "''", "‘": "'", "’": "'", "“": '"', "”": '"', "…": r"\ldots ", "⋯": r"\ldots ",
    "⟨": r"\langle ", "⟩": r"\rangle ", "〈": r"\langle ", "〉": r"\rangle ", "∨": r"\lor ", "∧": r"\land ",
    "∶": ":", "，": ",", "、": ",", "；": ";", "。": ".", "｡": ".", "．": ".", "٫": ".", "٬": "{,}", "％": r"\%",
    "٪": r"\%", "﹪": r"\%", "∣": "|", "｜": "|", "ℯ": "e", "ⅇ": "e", "ⅈ": "i", "ⅉ": "i", "→": r"\to ",
    "⇒": r"\Rightarrow ",
    "∫": r"\int ", "∑": r"\sum ", "∏": r"\prod ", "∠": r"\angle ", "€": r"\euro ", "£": r"\pounds ", "¥": r"\yen ",
    "￥": r"\yen ", "₹": r"\rupee ", "¢": r"\cent ", "＄": r"\$", "﹩": r"\$", "¬": r"\neg ", "∼": r"\sim ",
    "℃": r"^\circ C", "℉": r"^\circ F", "ℓ": "l", "µ": r"\mu ", "⌊": r"\lfloor ", "⌋": r"\rfloor ", "⌈": r"\lceil ",
    "⌉": r"\rceil ", "≡": r"\equiv ", "≔": "=", "￼": "?", "✓": " ", "✔": " ", "✅": " ", "∎": " ",
    "\u00a0": " ", "\u202f": " ", "\u3000": " ",
}  # fmt: skip
_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "θ": "theta", "λ": "lambda", "μ": "mu",
    "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "phi", "ϕ": "phi", "ω": "omega", "Δ": "Delta", "Ω": "Omega",
    "Σ": "Sigma", "Φ": "Phi", "κ": "kappa", "η": "eta", "ζ": "zeta", "ξ": "xi", "ν": "nu", "χ": "chi", "ψ": "psi",
}  # fmt: skip
_SYMBOLS.update({letter: f"\\{name} " for letter, name in _GREEK.items()})
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def to_ascii(text: str) -> str:
    """Map digits of any script, signs, super- and subscripts to ASCII LaTeX and drop invisible characters.

    Other characters are kept. Raises UnreadableError for characters that change the order in which the text is
    displayed, because then a person and a program read different answers.
    """
    if text.isascii():
        return text
    text = _OVERLINED.sub(lambda match: f"\\overline{{{match.group()[::2]}}}", text)
    pieces: list[str] = []
    pending, mark = "", ""
    for character in text:
        if mark and _raised(character, mark):
            pending += _raised(character, mark)
            continue
        if mark:
            pieces.append(f"{mark}{{{pending}}}")
            pending = mark = ""
        if character.isascii():
            pieces.append(character)
        elif character in _SUPERSCRIPTS or character in _SUBSCRIPTS:
            mark = "^" if character in _SUPERSCRIPTS else "_"
            pending = _raised(character, mark)
        else:
            pieces.append(_one(character))
    if mark:
        pieces.append(f"{mark}{{{pending}}}")
    return "".join(pieces)


_OVERLINED = re.compile("(?:[0-9][\u0304\u0305]){1,20}")  # a digit and a combining line above it


def _raised(character: str, mark: str) -> str:
    return (_SUPERSCRIPTS if mark == "^" else _SUBSCRIPTS).get(character, "")


def _one(character: str) -> str:  # noqa: PLR0911 - one line a case
    if character in _SYMBOLS:
        return _SYMBOLS[character]
    if character in _FRACTIONS:
        return r"\frac{{{}}}{{{}}}".format(*_FRACTIONS[character])
    if character in _REORDERING:
        raise UnreadableError("characters that change the reading order")
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Cf" or 0xFE00 <= ord(character) <= 0xFE0F:  # invisible formatting; variation selectors
        return ""
    if category == "Zs":
        return " "
    plain = unicodedata.normalize("NFKC", character)
    if category.startswith("N"):  # circled and other numbers must not join their neighbours
        return character
    if plain in _SYMBOLS:
        return _SYMBOLS[plain]
    return plain if len(plain) == 1 and plain.isascii() else character
