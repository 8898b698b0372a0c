r"""Parses tokens into one expression, by recursive descent.

    sum     = term (("+" | "-") term)*
    term    = factor (("*" | "/" | nothing) factor)*      a mixed number 2\frac12 or 2 1/2 is one factor
    factor  = atom ("^" group)? ("!" | "%" | degree)*
    atom    = number | name | constant | bracketed sum | \frac | \sqrt | function ...

Depth is bounded by the lexer's bracket limit and, for commands without braces, by MAX_NESTING here.
"""

from collections.abc import Sequence
from fractions import Fraction

from astro.verify.forms.math.errors import TooLargeError, UnreadableError
from astro.verify.forms.math.expressions import (
    IMAGINARY,
    INFINITY,
    PI,
    Call,
    E,
    Expression,
    Num,
    Power,
    Product,
    Quotient,
    Sum,
    Var,
    negate,
)
from astro.verify.forms.math.lexer import Kind, Token
from astro.verify.forms.math.literals import LiteralReader, endless, repeating
from astro.verify.forms.math.words import vocabulary

MAX_NESTING = 120
TRIGONOMETRY = frozenset(("sin", "cos", "tan", "cot", "sec", "csc", "cis"))
_UNARY = vocabulary("sin cos tan cot sec csc sinh cosh tanh arcsin arccos arctan arsinh arcosh artanh ln lg exp cis")
UNEVALUATED = vocabulary("int iint oint sum prod lim gcd lcm min max det mod bmod pmod sup inf partial nabla")
_CLOSING = {"(": ")", "[": "]", "lbrace": "rbrace", "lfloor": "rfloor", "lceil": "rceil", "|": "|"}
_STOPPING = frozenset((")", "]", "}", ",", ";", "=", "<", ">", "<=", ">=", "!=", ":", "|", "&", "+", "-"))
_NOT_A_FACTOR = vocabulary(
    "over choose row grouping point degree circ cup cap setminus in notin to or and approx ldots rbrace rfloor rceil "
    "rangle norm iff Rightarrow equiv mod bmod pmod pm mp emptyset dollar ampersand prime lbrace langle neg hash "
    "underscore perp parallel"
)


def parse(tokens: Sequence[Token], *, grouping: bool = True) -> Expression:
    """Read all tokens as one expression.

    grouping: whether 1,234 and 1 234 are one number.
    Raises UnreadableError when the tokens are not one expression.
    """
    parser = Parser(tokens, grouping=grouping)
    expression = parser.sum()
    if parser.position < len(parser.tokens):
        raise UnreadableError(f"unexpected {parser.tokens[parser.position].text!r}")
    return expression


class Parser(LiteralReader):
    """Each method reads one rule of the grammar, from the current position."""

    def __init__(self, tokens: Sequence[Token], *, grouping: bool = True) -> None:
        super().__init__(tokens, grouping=grouping)
        self._nesting = 0

    def sum(self) -> Expression:
        """A sum of terms."""
        terms: list[Expression] = []
        while True:
            negative = False
            signs = 0
            while (mark := self.peek()) in ("+", "-"):
                negative ^= mark == "-"
                self.position += 1
                signs += 1
            if terms and not signs:
                break
            if signs > 2:
                raise UnreadableError("a row of signs")
            term = self._term()
            terms.append(negate(term) if negative else term)
            if self.peek() not in ("+", "-"):
                break
        total = terms[0] if len(terms) == 1 else Sum(tuple(terms))
        if self.peek() in ("over", "choose"):  # they split the whole group
            over = self.peek() == "over"
            self.position += 1
            return Quotient(total, self.sum()) if over else Call("binom", (total, self.sum()))
        return total

    def _term(self) -> Expression:
        value = self._factor()
        factors: list[Expression] = [value]
        while True:
            mark = self.peek()
            if mark == "*":
                self.position += 1
                factors.append(self._signed_factor())
            elif mark == "/":
                self.position += 1
                factors = [Quotient(_product(factors), self._signed_factor())]
            elif self._is_letter_times():
                self.position += 1
                factors.append(self._factor())
            elif self._starts_factor():
                self._refuse_digit_after_digit(factors[-1])
                factors.append(self._factor())
            else:
                return _product(factors)

    def _is_letter_times(self) -> bool:
        """Whether an x is the multiplication sign of 1.5 x 10^3."""
        around = self.tokens[max(0, self.position - 1) : self.position + 3]
        return [token.text for token in around[1:]] == ["x", "10", "^"] and around[0].kind is Kind.NUMBER

    def _signed_factor(self) -> Expression:
        negative = False
        while self.peek() in ("+", "-"):
            negative ^= self.peek() == "-"
            self.position += 1
        factor = self._factor()
        return negate(factor) if negative else factor

    def _refuse_digit_after_digit(self, before: Expression) -> None:
        """Refuse 4 2, which is neither 42 nor 8."""
        here = self.tokens[self.position]
        previous = self.tokens[self.position - 1]
        if here.kind is Kind.NUMBER and previous.kind is Kind.NUMBER and isinstance(before, Num):
            raise UnreadableError("two numbers side by side")

    def _factor(self) -> Expression:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise TooLargeError(f"nested deeper than {MAX_NESTING}")
        atom = self._atom()
        while True:
            mark = self.peek()
            if mark == "^":
                atom = self._raise(atom)
            elif mark == "!":
                self.position += 1
                if self.peek() == "!":
                    raise UnreadableError("a double factorial")
                atom = Call("factorial", (atom,))
            elif mark == "%":
                self.position += 1
                atom = Quotient(atom, Num(Fraction(100)))
            elif mark == "degree":
                self.position += 1
                atom = _in_degrees(atom)
            else:
                self._nesting -= 1
                return atom

    def _raise(self, atom: Expression) -> Expression:
        self.position += 1
        if self.peek() == "circ":
            self.position += 1
            return _in_degrees(atom)
        if self._is_group_of("circ"):
            self.position += 3
            return _in_degrees(atom)
        if self.peek() in ("'", "prime") or self._is_group_of("prime"):
            raise UnreadableError("a derivative mark")
        return Power(atom, self._argument(power=True))

    def _is_group_of(self, mark: str) -> bool:
        three = [token.text for token in self.tokens[self.position : self.position + 3]]
        return three == ["{", mark, "}"]

    def _starts_factor(self) -> bool:
        if self.position >= len(self.tokens):
            return False
        token = self.tokens[self.position]
        if token.kind is Kind.SYMBOL:
            return token.text in ("(", "{", "[")
        if token.kind is Kind.COMMAND:
            return token.text not in _NOT_A_FACTOR
        return token.kind is not Kind.WORD

    def _atom(self) -> Expression:  # noqa: PLR0911 - one line a case
        if self.position >= len(self.tokens):
            raise UnreadableError("the expression ends too early")
        token = self.tokens[self.position]
        if token.kind is Kind.NUMBER:
            return self._number()
        if token.text == "." and self.repeats():
            return Num(repeating("0", self.block()))
        self.position += 1
        if token.kind is Kind.NAME:
            return self._name(token.text)
        if token.kind is Kind.WORD:
            raise UnreadableError(f"the word {token.text!r} inside an expression")
        if token.text in _CLOSING:
            return self._bracketed(token.text)
        if token.text == "{":
            inner = self.sum()
            self.expect("}")
            return inner
        if token.text in _UNARY:
            return self._function(token.text)
        return self._command(token.text)

    def _bracketed(self, opening: str) -> Expression:
        inner = self.sum()
        if self.peek() == "," and opening == "(":
            raise UnreadableError("a pair inside an expression")
        self.expect(_CLOSING[opening])
        if opening == "|":
            return Call("abs", (inner,))
        if opening in ("lfloor", "lceil"):
            return Call(opening[1:], (inner,))
        return inner

    def _name(self, name: str) -> Expression:
        if self.peek() != "_":
            return _symbol(name)
        self.position += 1
        return Var(f"{name}_{self._subscript()}")

    def _subscript(self) -> str:
        """A subscript as plain text."""
        if self.peek() != "{":
            token = self.next_token()
            return token.text
        self.position += 1
        pieces = []
        while self.peek() != "}":
            pieces.append(self.next_token().text)
        self.position += 1
        return "".join(pieces)

    def _command(self, name: str) -> Expression:  # noqa: C901, PLR0911 - one line a case
        if name == "frac":
            return Quotient(self._argument(), self._argument())
        if name == "sqrt":
            return self._root()
        if name in ("surd", "cbrt"):
            argument = self._argument(power=True)
            return Call("sqrt", (argument,)) if name == "surd" else Call("root", (argument, Num(Fraction(3))))
        if name == "pi":
            return PI
        if name == "infty":
            return INFINITY
        if name == "binom":
            return Call("binom", (self._argument(), self._argument()))
        if name == "log":
            return self._logarithm()
        if name in ("i", "j"):
            return IMAGINARY
        if name in UNEVALUATED:
            raise UnreadableError(f"{name} is left unevaluated")
        if name == "lvert":
            return self._bracketed("|")
        raise UnreadableError(f"\\{name} has no meaning here")

    def _argument(self, *, power: bool = False) -> Expression:
        """A braced group, or the one token LaTeX would take; for powers and roots, an integer with its sign."""
        mark = self.peek()
        if mark == "{":
            self.position += 1
            inner = self.sum()
            self.expect("}")
            return inner
        if self.position >= len(self.tokens):
            raise UnreadableError("an argument is missing")
        token = self.tokens[self.position]
        if token.kind is Kind.NUMBER and not power and len(token.text) > 1:
            first, rest = token.text[0], token.text[1:]
            if "." in token.text[:2]:
                raise UnreadableError("a fraction without braces")
            self.tokens = [
                *self.tokens[: self.position + 1],
                Token(Kind.NUMBER, rest),
                *self.tokens[self.position + 1 :],
            ]
            self.position += 1
            return Num(Fraction(int(first)))
        if token.kind is Kind.NUMBER and not power and token.text.isdigit():
            self.position += 1
            return Num(Fraction(int(token.text)))
        if power and mark == "-":
            self.position += 1
            return negate(self._atom())
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise TooLargeError(f"nested deeper than {MAX_NESTING}")
        atom = self._atom()
        self._nesting -= 1
        return atom

    def _root(self) -> Expression:
        degree = None
        if self.peek() == "[":
            self.position += 1
            degree = self.sum()
            self.expect("]")
        argument = self._argument(power=True)
        return Call("sqrt", (argument,)) if degree is None else Call("root", (argument, degree))

    def _logarithm(self) -> Expression:
        if self.peek() != "_":
            return self._function("log")
        self.position += 1
        subscript = self._argument()
        applied = self._function("log")
        assert isinstance(applied, Call | Power)
        if isinstance(applied, Power):
            raise UnreadableError("a power of a logarithm")
        return Call("log", (applied.arguments[0], subscript))

    def _function(self, name: str) -> Expression:
        exponent = None
        if self.peek() == "^":
            self.position += 1
            exponent = self._argument(power=True)
        argument = self._factor_group() if self.peek() in ("(", "[", "{") else self._bare_argument()
        if exponent == Num(Fraction(-1)) and name in ("sin", "cos", "tan"):
            return Call(f"arc{name}", (argument,))
        call = Call(name, (argument,))
        return call if exponent is None else Power(call, exponent)

    def _factor_group(self) -> Expression:
        opening = self.peek()
        self.position += 1
        if opening == "{":
            inner = self.sum()
            self.expect("}")
        else:
            inner = self._bracketed(opening)
        return inner

    def _bare_argument(self) -> Expression:
        r"""The argument of \sin without brackets: the factors up to the next sign or function."""
        factors = [self._signed_factor()]
        while self._starts_factor() and self.peek() not in _UNARY | {"log", "(", "["}:
            factors.append(self._factor())
        if self.peek() == "/" and not isinstance(factors[-1], Call) and not self._is_function(self.position + 1):
            self.position += 1
            return Quotient(_product(factors), self._factor())
        return _product(factors)

    def _is_function(self, position: int) -> bool:
        """Whether a function begins there: ln 7/ln 3 is a quotient of two functions, sin pi/3 is not."""
        return self._text_at(position) in _UNARY | {"log"}

    def _number(self) -> Expression:
        literal, scaled = self.literal()
        if self.repeats():
            return Num(repeating(literal, self.block()))
        if self.peek() == "ldots" and "." in literal:
            self.position += 1
            return Num(endless(literal))
        value = Fraction(literal)
        return Num(value) if scaled else self._mixed(value)

    def _mixed(self, whole: Fraction) -> Expression:
        r"""Join 2\frac{1}{2} or 2 1/2 into one number."""
        if whole.denominator != 1:
            return Num(whole)
        here = self.tokens[self.position : self.position + 3]
        texts = [token.text for token in here]
        slash = len(here) == 3 and texts[1] == "/" and here[0].kind is here[2].kind is Kind.NUMBER
        if slash and here[0].spaced and texts[0].isdigit() and texts[2].isdigit() and int(texts[2]):
            self.position += 3
            return Num(whole + Fraction(int(texts[0]), int(texts[2])))
        if texts[:1] == ["frac"]:
            start = self.position
            self.position += 1
            above, below = self._argument(), self._argument()
            if isinstance(above, Num) and isinstance(below, Num) and above.value > 0 and below.value > 0:
                return Num(whole + above.value / below.value)
            self.position = start
        return Num(whole)


def _in_degrees(expression: Expression) -> Expression:
    return Product((expression, Quotient(PI, Num(Fraction(180)))))


def _symbol(name: str) -> Expression:
    if name == "e":
        return E
    if name == "i":
        return IMAGINARY
    return Var(name)


def _product(factors: list[Expression]) -> Expression:
    return factors[0] if len(factors) == 1 else Product(tuple(factors))
