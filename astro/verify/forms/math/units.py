"""Units: what they measure, how large they are, and words that name counted things."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from astro.verify.forms.math.words import vocabulary

_INCH = Fraction(254, 10000)
_FOOT, _YARD, _MILE = 12 * _INCH, 36 * _INCH, 63360 * _INCH
_POUND = Fraction(45359237, 100000000)
_GALLON = 231 * _INCH**3

# names: (dimensions, size in the first unit of that dimension)
_TABLE: dict[str, tuple[str, Fraction]] = {}


def _add(dimension: str, size: Fraction | int, names: str) -> None:
    for name in names.split():
        _TABLE[name] = (dimension, Fraction(size))


_add("length", 1, "m meter meters metre metres")
_add("length", Fraction(1, 100), "cm cms centimeter centimeters centimetre centimetres")
_add("length", Fraction(1, 1000), "mm mms millimeter millimeters millimetre millimetres")
_add("length", Fraction(1, 10), "dm decimeter decimeters decimetre decimetres")
_add("length", 1000, "km kilometer kilometers kilometre kilometres kms")
_add("length", Fraction(1, 10**6), "micrometer micrometers micron microns")
_add("length", Fraction(1, 10**9), "nm nanometer nanometers")
_add("length", _INCH, "in inch inches")
_add("length", _FOOT, "ft foot feet")
_add("length", _YARD, "yd yard yards yds")
_add("length", _MILE, "mi mile miles")
_add("area", 10000, "hectare hectares ha")
_add("area", 43560 * _FOOT**2, "acre acres")
_add("volume", Fraction(1, 1000), "l L liter liters litre litres ell")
_add("volume", Fraction(1, 10**6), "ml mL milliliter milliliters millilitre millilitres cc")
_add("volume", Fraction(1, 10**5), "cl cL centiliter centiliters")
_add("volume", Fraction(1, 10**4), "dl dL deciliter deciliters")
_add("volume", _GALLON, "gal gallon gallons")
_add("volume", _GALLON / 4, "quart quarts qt")
_add("volume", _GALLON / 8, "pint pints")
_add("volume", _GALLON / 16, "cup cups")
_add("time", 1, "s sec secs second seconds")
_add("time", Fraction(1, 1000), "ms millisecond milliseconds")
_add("time", 60, "min mins minute minutes")
_add("time", 3600, "h hr hrs hour hours")
_add("time", 86400, "day days")
_add("time", 7 * 86400, "week weeks")
_add("month", 1, "month months")
_add("month", 12, "year years yr yrs")
_add("mass", 1, "kg kgs kilogram kilograms kilogramme kilogrammes kilo kilos")
_add("mass", Fraction(1, 1000), "g gram grams gramme grammes gm gms")
_add("mass", Fraction(1, 10**6), "mg milligram milligrams milligramme milligrammes")
_add("mass", 1000, "t tonne tonnes")
_add("mass", 2000 * _POUND, "ton tons")
_add("mass", _POUND, "lb lbs pound pounds")
_add("mass", _POUND / 16, "oz ounce ounces")
_add("dollar", 1, "dollar dollars usd USD bucks")
_add("dollar", Fraction(1, 100), "cent cents")
_add("euro", 1, "euro euros EUR")
_add("sterling", 1, "GBP sterling quid")
_add("sterling", Fraction(1, 100), "pence")
_add("yen", 1, "yen JPY")
_add("rupee", 1, "rupee rupees Rs INR")
_add("angle", 1, "degree degrees deg")
_add("radian", 1, "radian radians rad")
_add("celsius", 1, "celsius")
_add("fahrenheit", 1, "fahrenheit")
_add("frequency", 1, "hz Hz hertz")
_add("frequency", 1000, "kHz kilohertz")
_add("frequency", 10**6, "MHz megahertz")
_add("frequency", 10**9, "GHz gigahertz")
_add("energy", 1, "J joule joules")
_add("energy", 1000, "kJ kilojoule kilojoules")
_add("energy", Fraction(1, 1000), "mJ millijoule millijoules")
_add("energy", 10**6, "MJ megajoule megajoules")
_add("energy", 3_600_000, "kWh")
_add("energy", Fraction(4184, 1000), "cal calorie calories")
_add("energy", 4184, "kcal kilocalorie kilocalories")
_add("power", 1, "W watt watts")
_add("power", 1000, "kW kilowatt kilowatts")
_add("power", Fraction(1, 1000), "mW milliwatt milliwatts")
_add("power", 10**6, "MW megawatt megawatts")
_add("force", 1, "N newton newtons")
_add("force", 1000, "kN kilonewton kilonewtons")
_add("charge", 1, "C coulomb coulombs")
_add("potential", 1, "V volt volts")
_add("potential", Fraction(1, 1000), "mV millivolt millivolts")
_add("potential", 1000, "kV kilovolt kilovolts")
_add("pressure", 1, "Pa pascal pascals")
_add("pressure", 1000, "kPa kilopascal kilopascals")
_add("pressure", 10**6, "MPa megapascal megapascals")
_add("pressure", 101_325, "atm atmosphere atmospheres")
_add("current", 1, "A amp amps ampere amperes")
_add("current", Fraction(1, 1000), "mA milliamp milliamps milliampere milliamperes")
_add("resistance", 1, "ohm ohms")
_add("temperature", 1, "K kelvin kelvins")
_add("amount", 1, "mol mole moles")
TEMPERATURES = {  # for each scale: the size of a degree in kelvins, and its zero
    "temperature": (Fraction(1), Fraction(0)),
    "celsius": (Fraction(1), Fraction("273.15")),
    "fahrenheit": (Fraction(5, 9), Fraction("459.67") * 5 / 9),
}
_SPEEDS = {
    "mph": ("mi", "h"), "kph": ("km", "h"), "kmph": ("km", "h"), "kmh": ("km", "h"), "fps": ("ft", "s"),
    "mpg": ("mi", "gal"),
}  # fmt: skip
_DERIVED = {
    "area": (("length", 2),),
    "volume": (("length", 3),),
    "force": (("length", 1), ("mass", 1), ("time", -2)),
    "energy": (("length", 2), ("mass", 1), ("time", -2)),
    "power": (("length", 2), ("mass", 1), ("time", -3)),
    "pressure": (("length", -1), ("mass", 1), ("time", -2)),
}
_NEUTRAL = vocabulary("unit units each total altogether overall all only combined")
_EXTENTS = vocabulary("away apart long wide tall high deep thick")
_ONE_LETTER = vocabulary("m s h g l L J W N C V A K ell")
CURRENCIES = {"dollar": "dollar", "euro": "euro", "pounds": "GBP", "yen": "yen", "rupee": "rupee", "cent": "cent"}


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measurement, or the things counted.

    dimensions: (dimension, power) pairs in alphabetical order; empty for a count.
    size: how many base units one of it is.
    words: what is counted, in lower case and as written; empty for a measurement.
    """

    dimensions: tuple[tuple[str, int], ...] = ()
    size: Fraction = Fraction(1)
    words: tuple[str, ...] = ()

    @property
    def neutral(self) -> bool:
        """Whether it carries no information, as in 5 units or 5 square units."""
        return not self.dimensions and not self.words

    @property
    def scale(self) -> str:
        """The scale of a temperature, a key of TEMPERATURES; empty for any other unit."""
        name, power = self.dimensions[0] if len(self.dimensions) == 1 and not self.words else ("", 0)
        return name if power == 1 and name in TEMPERATURES else ""


DEGREE = Unit((("angle", 1),))


def is_unit(word: str) -> bool:
    """Whether letters outside of text are a unit by themselves: two letters or more."""
    return len(word) > 1 and (word in _TABLE or word in _SPEEDS)


def is_letter_unit(letter: str) -> bool:
    """Whether a single letter can be a unit where units are expected."""
    return letter in _ONE_LETTER


def read_unit(words: Sequence[str]) -> Unit | None:
    """Read words and marks such as ["square", "cm"], ["km", "/", "h"], ["cm", "^", "2"] or ["trees"].

    None if a mark is out of place. Unknown words name counted things.
    """
    words = _marks_apart(words)
    dimensions: dict[str, int] = {}
    size = Fraction(1)
    counted: list[str] = []
    position, sign, power = 0, 1, 1
    while position < len(words):
        word = words[position]
        position += 1
        if word in ("/", "per"):
            sign = -1
            continue
        if word.lower() in ("square", "sq", "cubic", "cu"):
            power = 2 if word.lower().startswith("s") else 3
            continue
        if (
            word == "in"
            and len(words) > 1
            and power == sign == 1
            and (counted or words[position : position + 1] != ["^"])
        ):
            continue  # as in "in total"; inches stand alone or have a power
        if word.lower() in _NEUTRAL or (word.lower() in _EXTENTS and dimensions and sign == 1):  # 5 km away
            power = 1
            position = _exponent(words, position)[1]
            continue
        if word.lower() in ("squared", "cubed") and position > 1:
            size *= _measure(words[position - 2], dimensions, sign * (1 if word.lower() == "squared" else 2)) or 1
            continue
        exponent, position = _exponent(words, position)
        exponent *= power
        power = 1
        if not word.replace("'", "").isalpha():
            return None
        factor = _measure(word, dimensions, sign * exponent)
        if factor is None:
            counted.append(word.lower())
        else:
            size *= factor
    if dimensions.keys() & {"celsius", "fahrenheit"}:
        dimensions.pop("angle", None)
    kept = tuple(sorted((name, exponent) for name, exponent in dimensions.items() if exponent))
    return Unit(kept, size, tuple(counted))


@lru_cache(maxsize=8192)
def unit_named(word: str) -> Unit | None:
    """The unit of one word, as read_unit gives it."""
    return read_unit([word])


def _marks_apart(words: Sequence[str]) -> list[str]:
    """The words without brackets, articles and dots; a negative exponent becomes one mark."""
    kept: list[str] = []
    for position, word in enumerate(words):
        if word == "-" and kept[-1:] == ["^"]:
            kept[-1] = "^-"
        elif (
            word in ("a", "an", "each", "every")
            and kept
            and _TABLE.get("".join(words[position + 1 : position + 2]), ("",))[0] == "time"
        ):
            kept.append("per")  # miles an hour, dollars every day
        elif word not in (".", "{", "}", "(", ")", "*", "of", "-", "a", "an", "the"):
            kept.append(word)
    return kept


def _exponent(words: Sequence[str], position: int) -> tuple[int, int]:
    if position + 1 < len(words) and words[position] in ("^", "^-") and words[position + 1] in "123":
        value = int(words[position + 1])
        return (value if words[position] == "^" else -value), position + 2
    return 1, position


def _measure(word: str, dimensions: dict[str, int], power: int) -> Fraction | None:
    """Add the dimensions of a unit; return its size, or None if the word is not a unit."""
    if word.lower() in _SPEEDS:
        above, below = _SPEEDS[word.lower()]
        first, second = _measure(above, dimensions, power), _measure(below, dimensions, -power)
        assert first is not None
        assert second is not None
        return first * second
    dimension, size = _TABLE.get(word) or _TABLE.get(word.lower(), ("", Fraction(1)))
    if not dimension:
        return None
    for name, times in _DERIVED.get(dimension, ((dimension, 1),)):
        dimensions[name] = dimensions.get(name, 0) + times * power
    return size**power
