r"""Literal numbers: grouping, decimal points, exponents, and repeating decimals."""

from collections.abc import Sequence
from fractions import Fraction

from astro.verify.forms.math.errors import TooLargeError, UnreadableError
from astro.verify.forms.math.lexer import Kind, Token


class LiteralReader:
    """A position in a sequence of tokens, with readers for each notation of a number.

    grouping: whether 1,234 and 1 234 are one number.
    """

    def __init__(self, tokens: Sequence[Token], *, grouping: bool = True) -> None:
        self.tokens = _letters_apart(tokens)
        self.position = 0
        self._grouping = grouping

    def peek(self) -> str:
        """The text of the symbol or command here; empty at the end and before numbers and names."""
        if self.position >= len(self.tokens):
            return ""
        token = self.tokens[self.position]
        return token.text if token.kind in (Kind.SYMBOL, Kind.COMMAND) else ""

    def next_token(self) -> Token:
        """Consume and return the token here. Raises UnreadableError at the end."""
        if self.position >= len(self.tokens):
            raise UnreadableError("the expression ends too early")
        self.position += 1
        return self.tokens[self.position - 1]

    def expect(self, mark: str) -> None:
        """Consume a mark. Raises UnreadableError if it is not here."""
        if self.peek() != mark:
            raise UnreadableError(f"{mark!r} is missing")
        self.position += 1

    def literal(self) -> tuple[str, bool]:
        """The digits of a number without its grouping, and whether it has the form 1.5e3."""
        token = self.next_token()
        digits = token.text
        if self._grouping and "." not in digits and len(digits) <= 3:
            digits += self._groups()
        if self.peek() == "point" or (self.peek() == "grouping" and "." not in digits):
            self.position += 1
            digits += "." + self.next_token().text
            if digits.count(".") != 1 or not digits.replace(".", "").isdigit():
                raise UnreadableError("a decimal point without decimals")
        return self._exponent(digits)

    def _groups(self) -> str:
        """Groups of three digits after a comma or a space: the rest of 1,234,567.89."""
        rest, separator = "", ""
        while self.position < len(self.tokens):
            step = 0 if self.tokens[self.position].kind is Kind.NUMBER else 1
            mark = "space" if step == 0 else self.peek()
            if self.position + step >= len(self.tokens) or mark not in ("space", ",", "grouping", "'"):
                break
            group = self.tokens[self.position + step]
            whole, _, part = group.text.partition(".")
            tight = (not group.spaced) if step else group.spaced
            if group.kind is not Kind.NUMBER or len(whole) != 3 or not tight or (separator and mark != separator):
                break
            if step and self.tokens[self.position].spaced:
                break
            if step == 0 and self._text_at(self.position + 1) == "/":
                break
            separator = mark
            rest += whole
            self.position += step + 1
            if part:
                return f"{rest}.{part}"
        return rest

    def _text_at(self, position: int) -> str:
        return self.tokens[position].text if position < len(self.tokens) else ""

    def _exponent(self, digits: str) -> tuple[str, bool]:
        """Read e3 or E-5 directly after a number."""
        here = self.tokens[self.position : self.position + 3]
        if not here or here[0].kind is not Kind.NAME or here[0].text not in "eE" or here[0].spaced:
            return digits, False
        sign = here[1].text if len(here) > 1 and here[1].text in ("+", "-") else ""
        number = here[2] if sign and len(here) > 2 else here[1] if not sign and len(here) > 1 else None
        if number is None or number.kind is not Kind.NUMBER or number.spaced or not number.text.isdigit():
            return digits, False
        if len(number.text) > 3:
            raise TooLargeError(f"an exponent of {number.text}")
        self.position += 3 if sign else 2
        return f"{digits}e{sign}{number.text}", True

    def repeats(self) -> bool:
        r"""Whether 0.\overline{3}, 0.1\dot{6} or 0.(3) goes on here; the point, if still there, is passed over."""
        here = [token.text for token in self.tokens[self.position : self.position + 3]]
        point = here[:1] == ["."]
        mark = here[1:2] if point else here[:1]
        if mark and (mark[0] in ("overline", "bar", "dot", "overbar") or (point and mark == ["("] and here[2:3][0:1])):
            self.position += point
            return True
        return False

    def block(self) -> str:
        """The digits that repeat."""
        if self.peek() == "dot":
            return self._dotted()
        self.position += 1 if self.peek() != "(" else 0
        braced = self.peek() in ("{", "(")
        self.position += braced
        block = self.next_token().text
        if not block.isdigit():
            raise UnreadableError("a bar over something that is not a number")
        if braced:
            self.expect("}" if self.tokens[self.position - 2].text == "{" else ")")
        return block + self.block() if self.peek() in ("overline", "bar", "overbar") else block

    def _dotted(self) -> str:
        r"""Of 0.\dot{1}4285\dot{7}: the digits from the first dot to the last."""
        digits = ""
        dots = 0
        while dots < 2 and (here := [token.text for token in self.tokens[self.position : self.position + 4]]):
            if here[0] == "dot" and here[1:2] == ["{"] and here[3:] == ["}"]:
                digits, dots = digits + here[2], dots + 1
                self.position += 4
            elif here[0] == "dot" and len(here) > 1:
                digits, dots = digits + here[1], dots + 1
                self.position += 2
            elif here[0].isdigit() and "dot" in here[1:2]:
                digits += here[0]
                self.position += 1
            else:
                break
        if not digits.isdigit():
            raise UnreadableError("a dot over something that is not a number")
        return digits


def _letters_apart(tokens: Sequence[Token]) -> Sequence[Token]:
    """The tokens with runs of letters split into single variables."""
    if not any(token.kind is Kind.RUN for token in tokens):
        return tokens
    apart: list[Token] = []
    for token in tokens:
        if token.kind is Kind.RUN:
            apart.append(Token(Kind.NAME, token.text[0], token.spaced))
            apart.extend(Token(Kind.NAME, letter) for letter in token.text[1:])
        else:
            apart.append(token)
    return apart


def repeating(literal: str, block: str) -> Fraction:
    """The value of the decimal literal followed by block over and over."""
    places = len(literal.partition(".")[2])
    return Fraction(literal if literal[-1] != "." else literal[:-1]) + Fraction(
        int(block), 10**places * (10 ** len(block) - 1)
    )


def endless(literal: str) -> Fraction:
    """The value of 0.333... or 0.1666...: the end repeats a block at least twice, or a digit three times."""
    decimals = literal.partition(".")[2]
    for size in range(1, 7):
        block = decimals[-size:]
        if decimals.endswith(block * (3 if size == 1 else 2)):
            return repeating(literal, block)
    raise UnreadableError("decimals that go on in an unknown way")
