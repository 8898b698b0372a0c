"""The answer of every bundled word problem, computed a second time from its wording: exactly, or by all cases."""

import math
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from itertools import combinations, count, permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro.problems import ProblemsConfig, load_problems
from astro.problems.bundled import bundled_sets
from astro.verify import check_gold

LOADED = load_problems(ProblemsConfig(source="word-problems"))
PROBLEMS = {problem.id.removeprefix("word-"): problem for problem in LOADED.problems}


def frac(value: Fraction) -> str:
    """LaTeX of a fraction."""
    sign = "-" if value < 0 else ""
    return rf"{sign}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}" if value.denominator > 1 else str(value)


def root(square: int) -> tuple[int, int]:
    """sqrt(square) as outside * sqrt(inside) with inside free of squares."""
    outside = max(divisor for divisor in range(1, square + 1) if square % divisor**2 == 0)
    return outside, square // outside**2


def radical(square: int) -> str:
    outside, inside = root(square)
    return rf"{outside}\sqrt{{{inside}}}"


def whole_set(numbers: object) -> str:
    return r"\{" + ", ".join(str(number) for number in sorted(numbers)) + r"\}"


def only(found: object) -> int:
    """The one solution there is."""
    (solution,) = found
    return solution


def lemonade() -> str:
    litres = Fraction(3, 4)
    while litres >= Fraction(1, 5):
        litres -= Fraction(1, 5)
    return frac(litres)


def fence() -> str:
    done_together = 2 * (Fraction(1, 6) + Fraction(1, 9))
    return frac(2 + (1 - done_together) / Fraction(1, 6))


def repeating_decimal() -> str:
    # x = 0.1363636..., so 1000 x - 10 x = 136.3636... - 1.3636... = 135
    return frac(Fraction(135, 990))


def half_recipe_more() -> str:
    cups = (2 + Fraction(1, 3)) * Fraction(3, 2)
    return f"{int(cups)}{frac(cups - int(cups))}"


def coat() -> str:
    price = Fraction(100) * Fraction(120, 100) * Fraction(70, 100)
    return rf"{100 - price}\%"


def savings() -> str:
    account = Fraction(2000)
    for _ in range(3):
        account += account * Fraction(10, 100)
    return rf"\${account}"


def hill() -> str:
    road = 84  # any length gives the same mean speed
    return frac(Fraction(2 * road) / (Fraction(road, 12) + Fraction(road, 28))) + r"\text{ km/h}"


def signal() -> str:
    metres = Fraction(3 * 10**8) * Fraction(5, 10**4)
    assert metres == Fraction(15, 10) * 10**5
    return r"1.5 \times 10^{5}"


def paint() -> str:
    red_to_blue = Fraction(3, 5) * Fraction(4, 7)
    return f"{red_to_blue.numerator}:{red_to_blue.denominator}"


def cube_diagonal() -> str:
    # 3 s^2 = 81, so that s^2 = 27 and s^3 = 27 sqrt(27)
    outside, inside = root(81 // 3)
    return rf"{27 * outside}\sqrt{{{inside}}}"


def flag() -> str:
    # the height is sqrt(64 - 16), the area half of 8 times it
    outside, inside = root(8**2 - 4**2)
    return rf"{8 * outside // 2}\sqrt{{{inside}}}"


def kite() -> str:
    # half an equilateral triangle: 25 below, 50 along the string
    return radical(50**2 - 25**2)


def doubled_cube() -> str:
    # the edge cubed is 2 * 3^3 = 54; taking the cube 3^3 out of the root leaves 54 / 27
    return rf"3\sqrt[3]{{{2 * 3**3 // 3**3}}}"


def sum_and_product() -> str:
    # 5 + d and 5 - d have the product 25 - d^2 = 22
    return rf"5+\sqrt{{{25 - 22}}}"


def paper_shape() -> str:
    # r = 1 / (r - 1), so that r^2 - r - 1 = 0; checked in Q(sqrt 5) as pairs a + b sqrt 5
    a, b = Fraction(1, 2), Fraction(1, 2)
    square = (a * a + 5 * b * b, 2 * a * b)
    assert square == (a + 1, b)
    return r"\frac{1+\sqrt{5}}{2}"


def pizza() -> str:
    return rf"\frac{{{15**2}\pi}}{{8}}"


def tower_clock() -> str:
    return rf"{2 * Fraction(24, 10) * Fraction(25, 60)}\pi"


def paper_cone() -> str:
    slant = math.isqrt(6**2 + 8**2)
    assert slant**2 == 6**2 + 8**2
    return rf"{6 * slant}\pi"


def clock_hands() -> str:
    hour, minute = 30 * (3 + Fraction(40, 60)), 6 * 40
    apart = abs(hour - minute)
    return rf"{min(apart, 360 - apart)}^\circ"


def mosaic() -> str:
    return str(only(n for n in range(3, 1000) if 180 * (n - 2) == 156 * n))


def altitude() -> str:
    sixteen_squared_area = (13 + 14 + 15) * (-13 + 14 + 15) * (13 - 14 + 15) * (13 + 14 - 15)
    area = Fraction(math.isqrt(sixteen_squared_area), 4)
    assert 16 * area**2 == sixteen_squared_area
    return frac(2 * area / 15)


def signs(polynomial: Callable[[Fraction], Fraction], *points: Fraction) -> list[int]:
    return [(polynomial(point) > 0) - (polynomial(point) < 0) for point in points]


def rectangle_area() -> str:
    def excess(x: Fraction) -> Fraction:
        return (x - 1) * (7 - x) - 5

    assert signs(excess, Fraction(199, 100), Fraction(2), Fraction(4), Fraction(6), Fraction(601, 100)) == [
        -1,
        0,
        1,
        0,
        -1,
    ]
    assert 2 - 1 > 0
    assert 7 - 6 > 0
    return "[2, 6]"


def phone_plans() -> str:
    def saving(t: Fraction) -> Fraction:
        return Fraction(17, 100) * t - (12 + Fraction(5, 100) * t)

    assert signs(saving, Fraction(9999, 100), Fraction(100), Fraction(10001, 100)) == [-1, 0, 1]
    return r"(100, \infty)"


def product_over_sixteen() -> str:
    def excess(x: Fraction) -> Fraction:
        return x * (x - 6) - 16

    assert signs(excess, Fraction(-201, 100), Fraction(-2), Fraction(0), Fraction(8), Fraction(801, 100)) == [
        1,
        0,
        -1,
        0,
        1,
    ]
    return r"(-\infty, -2) \cup (8, \infty)"


def domain() -> str:
    def is_defined(x: Fraction) -> bool:
        return 5 - x >= 0 and x != 1

    assert [is_defined(Fraction(x)) for x in (-9, 0, 1, 2, 5, 6)] == [True, True, False, True, True, False]
    return r"(-\infty, 1) \cup (1, 5]"


def always_positive() -> str:
    assert (-4) ** 2 - 4 * 5 < 0
    return r"(-\infty, \infty)"


def four_times_digit_sum() -> str:
    return whole_set(n for n in range(10, 100) if n == 4 * sum(map(int, str(n))))


def negative_quadratic() -> str:
    return whole_set(n for n in range(100) if n * n - 10 * n + 21 < 0)


def thrown_ball() -> str:
    # a quadratic has at most two roots, and quarters of seconds find both
    return whole_set(t for t in (Fraction(quarter, 4) for quarter in range(20)) if 20 * t - 5 * t * t == 15)


def prime_divisors() -> str:
    return whole_set(p for p in range(2, 1002) if 1001 % p == 0 and all(p % d for d in range(2, p)))


def no_real_solution() -> str:
    assert 2**2 - 4 * (5 - 3) < 0
    return r"\emptyset"


def hens_and_goats() -> str:
    return str(only((h, 30 - h) for h in range(31) if 2 * h + 4 * (30 - h) == 84))


def three_purses() -> str:
    return str(only((a, 35 - a, 40 - a) for a in range(36) if (35 - a) + (40 - a) == 45))


def twice_as_old() -> str:
    return str(3 * only(tom for tom in range(100) if 3 * tom + 8 == 2 * (tom + 8)))


def dividing_point() -> str:
    x, y = 1 + Fraction(7 - 1, 3), 2 + Fraction(14 - 2, 3)
    assert (7 - x, 14 - y) == (2 * (x - 1), 2 * (y - 2))
    return f"({x}, {y})"


def two_marbles() -> str:
    pairs = list(permutations("RRRRRBBBBGGG", 2))
    return frac(Fraction(sum(one == other for one, other in pairs), len(pairs)))


def largest_die() -> str:
    return frac(Fraction(sum(max(roll) == 4 for roll in product(range(1, 7), repeat=3)), 6**3))


def faulty_part() -> str:
    from_a, from_b = Fraction(60, 100) * Fraction(2, 100), Fraction(40, 100) * Fraction(5, 100)
    return frac(from_b / (from_a + from_b))


def expected_gain() -> str:
    return frac(Fraction(sum(4 if face == 6 else -1 for face in range(1, 7)), 6))


def committee() -> str:
    return str(sum(0 < sum(person < 6 for person in chosen) < 4 for chosen in combinations(range(11), 4)))


def trailing_zeros() -> str:
    digits = str(math.factorial(125))
    return str(len(digits) - len(digits.rstrip("0")))


def marbles_left() -> str:
    return str(next(n for n in count(1) if (n % 4, n % 5, n % 7) == (1, 2, 3)))


def lighthouses() -> str:
    return str(next(t for t in count(1) if t % 12 == t % 18 == t % 40 == 0)) + r"\text{ seconds}"


def tiles() -> str:
    side = max(side for side in range(1, 421) if 560 % side == 420 % side == 0)
    return str((560 // side) * (420 // side))


def base_seven() -> str:
    digits = only(d for d in product(range(7), repeat=3) if 49 * d[0] + 7 * d[1] + d[2] == 100)
    return "".join(map(str, digits)) + "_7"


def bouncing_ball() -> str:
    # down 4, then up and down each of the heights 4q, 4q^2, ..., whose sum s satisfies s = 4q + q s
    q = Fraction(3, 5)
    heights = 4 * q / (1 - q)
    assert heights == 4 * q + q * heights
    return frac(4 + 2 * heights)


def matchsticks() -> str:
    sticks = [4]
    while len(sticks) < 20:
        sticks.append(sticks[-1] + 3)
    assert all(sticks[n - 1] == 3 * n + 1 for n in range(1, 21))
    return "3n+1"


def colony() -> str:
    assert math.isclose(2 ** (3 * math.log2(10) / 3), 10)
    return r"3\log_2 10"


def other_side() -> str:
    assert all((x + 3) * (x + 4) == x * x + 7 * x + 12 for x in range(3))  # three points settle a quadratic
    return "x+4"


def factor() -> str:
    assert all(x * (x - 2) * (x + 2) == x**3 - 4 * x for x in range(4))  # four points settle a cubic
    return "x(x-2)(x+2)"


def perpendicular_road() -> str:
    slope = Fraction(-1) / Fraction(-2)
    return rf"y = {frac(slope)}x + {3 - slope * 2}"


def logarithms() -> str:
    # the logarithms add up to that of x (x - 6), which must be 3^3, and both exist for x > 6
    return str(only(x for x in range(7, 1000) if x * (x - 6) == 3**3))


def coefficient() -> str:
    polynomial = [1]  # from the constant term up
    for _ in range(5):
        polynomial = [2 * lower - same for lower, same in zip([0, *polynomial], [*polynomial, 0], strict=True)]
    return str(polynomial[3])


def impedances() -> str:
    z = complex(2, 3) * complex(4, -1)  # small whole numbers are exact in floating point
    return f"{int(z.real)}+{int(z.imag)}i"


def matrix_product() -> str:
    one, other = ((1, 2), (3, 4)), ((0, 1), (1, 0))
    rows = [[sum(row[k] * other[k][j] for k in range(2)) for j in range(2)] for row in one]
    return r"\begin{pmatrix} " + r" \\ ".join(" & ".join(map(str, row)) for row in rows) + r" \end{pmatrix}"


def pen_against_wall() -> str:
    depth = max((Fraction(quarter, 4) for quarter in range(201)), key=lambda d: d * (100 - 2 * d))
    assert depth == Fraction(100, 4)  # the vertex of the parabola lies midway between its roots 0 and 50
    return str(depth * (100 - 2 * depth)) + r"\text{ m}^2"


CHECKS: dict[str, Callable[[], str]] = {
    "lemonade": lemonade,
    "fence": fence,
    "translated-novels": lambda: frac(Fraction(2, 7) * Fraction(3, 8)),
    "repeating-decimal": repeating_decimal,
    "half-recipe-more": half_recipe_more,
    "chain-of-unit-fractions": lambda: frac(sum((Fraction(1, n * (n + 1)) for n in range(1, 10)), Fraction(0))),
    "coat": coat,
    "school-bus": lambda: frac((100 - Fraction(45)) / 3) + r"\%",
    "brine": lambda: str(40 - Fraction(40) * Fraction(15, 100) / Fraction(24, 100)) + r"\text{ litres}",
    "savings": savings,
    "hill": hill,
    "two-trains": lambda: str(Fraction(270, 80 + 100) * 60) + r"\text{ minutes}",
    "signal": signal,
    "paint": paint,
    "inheritance": lambda: str(Fraction(1260) * Fraction(4, 2 + 3 + 4)),
    "coffee": lambda: str(only(d for d in range(11) if 14 * d + 9 * (10 - d) == 12 * 10)) + r"\text{ kg}",
    "shadow": lambda: str(Fraction(75, 10) * Fraction(16, 10) / Fraction(12, 10)) + r"\text{ m}",
    "garden-path": lambda: radical(6**2 + 10**2),
    "ladder": lambda: radical(9**2 - 3**2),
    "flag": flag,
    "cube-diagonal": cube_diagonal,
    "kite": kite,
    "doubled-cube": doubled_cube,
    "sum-and-product": sum_and_product,
    "paper-shape": paper_shape,
    "pizza": pizza,
    "tower-clock": tower_clock,
    "same-area": lambda: rf"{math.isqrt(2**2)}\sqrt{{\pi}}",
    "paper-cone": paper_cone,
    "melted-ball": lambda: str(Fraction(4, 3) * 3**3 / (1**2 * 4)),
    "clock-hands": clock_hands,
    "mosaic": mosaic,
    "altitude": altitude,
    "diagonals": lambda: str(only(n for n in range(3, 1000) if n * (n - 3) // 2 == 44)),
    "rectangle-area": rectangle_area,
    "phone-plans": phone_plans,
    "thermostat": lambda: f"[{float(Fraction(20) - Fraction(3, 2))}, {float(Fraction(20) + Fraction(3, 2))}]",
    "product-over-sixteen": product_over_sixteen,
    "domain": domain,
    "always-positive": always_positive,
    "four-times-digit-sum": four_times_digit_sum,
    "negative-quadratic": negative_quadratic,
    "thrown-ball": thrown_ball,
    "prime-divisors": prime_divisors,
    "no-real-solution": no_real_solution,
    "hens-and-goats": hens_and_goats,
    "three-purses": three_purses,
    "twice-as-old": twice_as_old,
    "sixth-number": lambda: str(6 * 14 - 5 * 12),
    "dividing-point": dividing_point,
    "two-marbles": two_marbles,
    "largest-die": largest_die,
    "faulty-part": faulty_part,
    "expected-gain": expected_gain,
    "committee": committee,
    "letters": lambda: str(len(set(permutations("BANANAS")))),
    "trailing-zeros": trailing_zeros,
    "divisors": lambda: str(sum(360 % rows == 0 for rows in range(1, 361))),
    "marbles-left": marbles_left,
    "lighthouses": lighthouses,
    "tiles": tiles,
    "digit-sum": lambda: str(sum(map(int, str(10**20 - 9)))),
    "last-digit": lambda: str(7**2025 % 10),
    "base-seven": base_seven,
    "winter-morning": lambda: rf"{-7 + 12 - 9}^\circ\text{{C}}",
    "theatre": lambda: str(sum(14 + 3 * row for row in range(20))),
    "bouncing-ball": bouncing_ball,
    "matchsticks": matchsticks,
    "colony": colony,
    "other-side": other_side,
    "factor": factor,
    "perpendicular-road": perpendicular_road,
    "logarithms": logarithms,
    "coefficient": coefficient,
    "impedances": impedances,
    "matrix-product": matrix_product,
    "pen-against-wall": pen_against_wall,
}


@pytest.mark.parametrize("name", CHECKS)
def test_the_answer_follows_from_the_wording(name):
    """The answer in the file is the one computed here."""
    assert PROBLEMS[name].answer == CHECKS[name]()


def test_every_problem_is_checked():
    """At least 60 problems, each with a check, and no check without a problem."""
    assert set(PROBLEMS) == set(CHECKS)
    assert len(PROBLEMS) >= 60


def test_the_verifier_reads_every_answer():
    """No row is refused when the gold answers are checked at load."""
    loaded = load_problems(ProblemsConfig(source="word-problems"), check_gold)
    assert len(loaded.problems) == len(CHECKS)
    assert not loaded.rejected


@given(st.integers(min_value=1, max_value=5_000))
def test_the_square_root_of_these_checks_is_right(square):
    """outside^2 * inside gives the number back, and inside has no square factor."""
    outside, inside = root(square)
    assert outside**2 * inside == square
    assert all(inside % d**2 for d in range(2, inside + 1))


def test_the_card_gives_the_right_counts():
    """The card's number of problems and of each topic are those of the file."""
    card = bundled_sets()["word-problems"].with_name("README.md").read_text()
    topics = Counter(problem.metadata["topic"] for problem in PROBLEMS.values())
    assert f"# Word problems, {len(PROBLEMS)} with" in card
    assert all(f"{topic} {number}" in card for topic, number in topics.items())
