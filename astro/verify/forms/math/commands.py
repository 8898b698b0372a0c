"""How the lexer treats LaTeX commands: ignored, transparent, text, names, or synonyms."""

from astro.verify.forms.math.words import vocabulary

FUNCTIONS = (
    "sin cos tan cot sec csc sinh cosh tanh arcsin arccos arctan ln log lg exp sqrt gcd lcm min max det lim mod cis"
)
PLAIN_COMMANDS = {name: name for name in FUNCTIONS.split()} | {
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "pi": "pi", "Pi": "pi", "infty": "infty", "inf": "infty",
    "infinity": "infty", "Infinity": "infty", "oo": "infty", "cbrt": "cbrt", "theta": "theta", "alpha": "alpha",
    "beta": "beta", "binom": "binom",
}  # fmt: skip

DROPPED = vocabulary(
    "left right displaystyle textstyle scriptstyle scriptscriptstyle limits nolimits big Big bigg Bigg bigl bigr Bigl "
    "Bigr biggl biggr Biggl Biggr middle large Large LARGE huge Huge small tiny footnotesize scriptsize normalsize bf "
    "rm it sf tt em boldmath "
    "mathstrut strut null nobreak break protect negthinspace ensuremath relax blacksquare qed qedsymbol checkmark"
)
FONTS = vocabulary("mathbf mathit mathtt boldsymbol bm pmb mathnormal mathbfit mathcal")
TRANSPARENT = vocabulary(
    "boxed fbox underline underbrace overbrace overset textcolor color mathrm "
    "mathord mathbin mathrel mathopen mathclose vec hat overrightarrow widehat tilde"
)
WITH_SETTING = vocabulary(
    "textcolor color colorbox scalebox raisebox style phantom hspace vspace label tag hphantom vphantom"
)  # dropped with its first group
TEXT = vocabulary("text textbf textit textrm textsf texttt textsc textnormal mbox hbox emph mathtext textup")
GREEK = vocabulary(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi rho varrho sigma tau "
    "upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Sigma Phi Psi Omega ell"
)
ALIASES = {
    "dfrac": "frac", "tfrac": "frac", "cfrac": "frac", "nicefrac": "frac", "sfrac": "frac", "flatfrac": "frac",
    "dbinom": "binom", "tbinom": "binom", "leq": "le", "leqslant": "le", "geq": "ge", "geqslant": "ge", "neq": "ne",
    "lt": "<", "gt": ">", "cdotp": "cdot", "ast": "cdot", "bullet": "cdot", "varnothing": "emptyset", "colon": ":",
    "lbrack": "[", "rbrack": "]", "vert": "|", "lvert": "|", "rvert": "|", "mid": "|", "land": "and", "wedge": "and",
    "lor": "or", "vee": "or", "dots": "ldots", "cdots": "ldots", "dotsc": "ldots", "dotsb": "ldots", "vdots": "ldots",
    "degree": "degree", "tg": "tan", "ctg": "cot", "arctg": "arctan", "bigcup": "cup", "bigcap": "cap",
    "backslash": "setminus", "imath": "i", "jmath": "j", "operatorname": "operatorname", "iff": "iff",
    "thickapprox": "approx", "simeq": "approx", "cong": "approx", "doteq": "approx", "sim": "approx",
    "rightarrow": "to", "longrightarrow": "to", "Longrightarrow": "Rightarrow", "implies": "Rightarrow",
    "lang": "langle", "rang": "rangle", "cr": "row", "Reals": "R", "reals": "R", "R": "R", "Z": "Z", "N": "N", "Q": "Q",
    "C": "C", "textdollar": "dollar", "textdegree": "degree", "percent": "%", "textpercent": "%",
    "coloneqq": "=", "coloneq": "=",
}  # fmt: skip
AS_SYMBOL = {
    "le": "<=", "ge": ">=", "ne": "!=", "<": "<", ">": ">", "=": "=", ":": ":", "[": "[", "]": "]", "|": "|", "%": "%",
    "div": "/", "times": "*", "cdot": "*", "and": "and", "or": "or",
}  # fmt: skip
