"""Small pathways drawn at random, on three statements and one number; and what they answer, said anew.

What is answered here shares no code with the engine: conditions are true or false, everything is known, and what
is not known is tried in all its ways. So it is short, and says what the engine is held to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

from deciding import LETTERS, MMF, STEROID, TAC, Rules
from hypothesis import strategies as st

POTASSIUM = "potassium"
NUMBERS = ("4.9", "5", "5.5", "6", "6.1")
"""On both limits, between them and beside them."""
LIMITS = {"five": {"value": "5 mmol/L"}, "six": {"value": "6 mmol/L"}}
OF_NUMBER = {
    "potassium < five": lambda value: value < 5,
    "potassium >= five": lambda value: value >= 5,
    "potassium > six": lambda value: value > 6,
    "potassium <= six": lambda value: value <= 6,
}
AGENTS = {STEROID: "glucocorticoid", MMF: "mycophenolate", TAC: "tacrolimus"}
TITLES = {STEROID: "high-dose glucocorticoid", MMF: "mycophenolate", TAC: "tacrolimus"}
PRINTED = {"source": "kdigo-2021", "kind": "practice-point", "confidence": "verified"}
"""What a guideline says; what else a rule says is a choice of this rule base."""
ON_A_LINE = ("stop", "hold", "reduce", "taper", "continue", "raise")
"""What can be done with a drug that runs, by how much of it is left."""
DIRECTIONS = ("hold", "reduce", "raise")

Formula = str | tuple[Any, ...]
"""A condition: a letter, a comparison, or a word with what it joins."""
World = Mapping[str, Any]
"""Everything that a small pathway asks: the letters, and potassium."""


def formulas(*more: str) -> st.SearchStrategy[Formula]:
    """Conditions of a few words; *more*: what else they may name."""
    leaves = st.sampled_from([*LETTERS, *LETTERS, *OF_NUMBER, *more, *more])
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(st.just("not"), inner),
            st.tuples(st.sampled_from(["and", "or"]), inner, inner),
        ),
        max_leaves=3,
    )


def text(formula: Formula) -> str:
    """A condition as it is written."""
    if isinstance(formula, str):
        return formula
    word, *inner = formula
    if word == "not":
        return f"not ({text(inner[0])})"
    return f" {word} ".join(f"({text(one)})" for one in inner)


def holds(formula: Formula, world: World) -> bool:
    """Whether a condition holds where everything is known."""
    if isinstance(formula, str):
        return bool(world[formula]) if formula in world else OF_NUMBER[formula](float(world[POTASSIUM]))
    word, *inner = formula
    if word == "not":
        return not holds(inner[0], world)
    return (all if word == "and" else any)(holds(one, world) for one in inner)


class SmallRule(NamedTuple):
    """A rule of a small pathway: `what` begins, is kept out or is found; `printed`: a guideline says so.

    A word of `ON_A_LINE` is done with mycophenolate, if it runs.
    """

    kind: str
    when: Formula
    unless: Formula | None
    what: str
    preference: int
    printed: bool

    def stands(self, world: World) -> bool:
        """Whether it holds, and its exception does not."""
        return holds(self.when, world) and not (self.unless is not None and holds(self.unless, world))

    @property
    def asks(self) -> str:
        """What it asks for, where it asks for something: a regimen, or a word of `ON_A_LINE`."""
        return self.what if self.kind == "start" else self.kind

    @property
    def rank(self) -> tuple[int, int]:
        """The less the sooner: of two for safety what leaves less of a drug."""
        leaves = len(ON_A_LINE) if self.kind == "start" else ON_A_LINE.index(self.kind)
        return self.preference, leaves if self.preference == 0 else 0

    @property
    def written(self) -> dict[str, Any]:
        """The rule as a file has it."""
        asked: dict[str, Any] = {"when": text(self.when)}
        if self.printed:
            asked["statement"] = dict(PRINTED)
        if self.unless is not None:
            asked["unless"] = text(self.unless)
        match self.kind:
            case "start":
                told = {"action": "start", "regimen": self.what, "preference": self.preference}
                return asked | {"recommend": told}
            case "block":
                return asked | {"block": {"agent": AGENTS[self.what], "until": "later"}}
            case "finding":
                return asked | {"finding": self.what}
            case "alert":
                return asked | {"alert": {"severity": "critical"}}
            case word if word in ON_A_LINE:
                turned = {"action": "adjust", "direction": word} if word in DIRECTIONS else {"action": word}
                return asked | {"recommend": turned | {"keep": True, "preference": self.preference}}
            case word:
                return asked | {"recommend": {"action": "refer", word: True, "title": "ask"}}


KINDS = ["start"] * 4 + ["block"] * 2 + ["silent", "answers", "alert", *ON_A_LINE]

FOUND = "finding(found)"
"""What a rule found, asked by others."""


@st.composite
def pathways(draw: st.DrawFn) -> dict[str, SmallRule]:
    """A few rules, at least one of which begins something; some may ask what another found."""
    kinds = ["start", *draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=5))]
    finds = draw(st.integers(0, 2))
    found = {f"finding-{number}": _rule(draw, "finding", formulas(), "found") for number in range(finds)}
    asked = formulas(FOUND) if finds else formulas()
    regimens = sorted(AGENTS)
    return found | {
        f"{kind}-{number}": _rule(draw, kind, asked, draw(st.sampled_from(regimens)))
        for number, kind in enumerate(kinds)
    }


def _rule(draw: st.DrawFn, kind: str, asked: st.SearchStrategy[Formula], what: str) -> SmallRule:
    unless = draw(st.one_of(st.none(), st.none(), asked))
    return SmallRule(kind, draw(asked), unless, what, draw(st.integers(0, 3)), draw(st.booleans()))


def standing(rules: Mapping[str, SmallRule], world: World) -> dict[str, SmallRule]:
    """The rules that stand in a world, where what is found is found by any of those that find it."""
    found = any(rule.stands(world) for rule in rules.values() if rule.kind == "finding")
    return {name: rule for name, rule in rules.items() if rule.stands({**world, FOUND: found})}


def written(rules: Mapping[str, SmallRule]) -> Rules:
    """The rules as a file has them."""
    return {name: rule.written for name, rule in rules.items()}


# -- what is answered where everything is known ------------------------------------------------------------


class Reply(NamedTuple):
    """What is answered: in a word, and what is to be done, what else could be, or what is at odds."""

    kind: str
    does: str = ""
    others: tuple[str, ...] = ()
    at_odds: tuple[str, ...] = ()

    @property
    def advice(self) -> tuple[str, str, tuple[str, ...]]:
        """What it comes to: what else could be done is no part of it."""
        return self.kind, self.does, self.at_odds


def reply(rules: Mapping[str, SmallRule], world: World, *, runs: bool) -> Reply:
    """The first preference that nothing keeps out, unless two that share it ask for different things.

    Of two that ask for the same, what is printed goes before a choice; the source is not silent beside it, unless
    it only stops. Beside what is done with a drug for safety nothing is offered that leaves more of it. *runs*:
    mycophenolate is taken: it does not begin, and can be stopped, lowered, raised or go on.
    """
    those = standing(rules, world)
    kept_out = {rule.what for rule in those.values() if rule.kind == "block"}
    on_it, begun = (ON_A_LINE, {STEROID, TAC}) if runs else ((), {STEROID, TAC, MMF})
    possible = [
        name
        for name, rule in those.items()
        if rule.kind in on_it or (rule.kind == "start" and rule.what in begun)
    ]
    possible.sort(key=lambda name: (those[name].rank, not those[name].printed, name))
    more = [name for name in possible if those[name].kind in ("start", "raise")]
    out = {name for name in more if (those[name].what if those[name].kind == "start" else MMF) in kept_out}
    first: dict[str, str] = {}
    for name in possible:
        if name not in out:
            first.setdefault(those[name].asks, name)
    ranks = {ask: those[name].rank for ask, name in first.items()}
    best = [ask for ask, rank in ranks.items() if rank == min(ranks.values())]
    if len(best) > 1:
        return Reply("conflict", "", tuple(first), tuple(sorted(best)))
    silent = any(rule.kind == "silent" for rule in those.values())
    does, *others = first or [""]
    if does in ON_A_LINE and ranks[does][0] == 0:
        others = [ask for ask in others if ask not in ON_A_LINE[ON_A_LINE.index(does) + 1 :]]
    speaks = bool(does) and does != "stop" and those[first[does]].printed
    if silent and not speaks:
        return Reply("guideline-silent", does, tuple(others))
    if does:
        return Reply("continue" if does == "continue" else "next-line", does, tuple(others))
    if any(rule.kind == "answers" for rule in those.values()):
        return Reply("no-line")
    return Reply("held-back" if out else "nothing-applies")


# -- what is not known -------------------------------------------------------------------------------------


def worlds(known: World) -> Iterator[dict[str, Any]]:
    """Every way in which the rest may be."""
    ways = {letter: [known[letter]] if letter in known else [True, False] for letter in LETTERS}
    ways[POTASSIUM] = [known[POTASSIUM]] if POTASSIUM in known else list(NUMBERS)
    for values in product(*ways.values()):
        yield dict(zip(ways, values, strict=True))


def known() -> st.SearchStrategy[dict[str, Any]]:
    """What a chart tells: anything from nothing to all."""
    told = {letter: st.booleans() for letter in LETTERS} | {POTASSIUM: st.sampled_from(NUMBERS)}
    return st.fixed_dictionaries({}, optional=told)
