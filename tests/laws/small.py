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
    """A rule of a small pathway: `what` begins, is kept out or is found; `printed`: a guideline says so."""

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
    def written(self) -> dict[str, Any]:
        """The rule as a file has it."""
        asked: dict[str, Any] = {"when": text(self.when)} | (
            {"statement": dict(PRINTED)} if self.printed else {}
        )
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
            case word:
                return asked | {"recommend": {"action": "refer", word: True, "title": "ask"}}


KINDS = ["start"] * 4 + ["block"] * 2 + ["silent", "answers", "alert"]


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
    return SmallRule(kind, draw(asked), unless, what, draw(st.integers(1, 3)), draw(st.booleans()))


def standing(rules: Mapping[str, SmallRule], world: World) -> dict[str, SmallRule]:
    """The rules that stand in a world, where what is found is found by any of those that find it."""
    found = any(rule.stands(world) for rule in rules.values() if rule.kind == "finding")
    return {name: rule for name, rule in rules.items() if rule.stands({**world, FOUND: found})}


def written(rules: Mapping[str, SmallRule]) -> Rules:
    """The rules as a file has them."""
    return {name: rule.written for name, rule in rules.items()}


# -- what is answered where everything is known ------------------------------------------------------------


class Reply(NamedTuple):
    """What is answered: in a word, and what begins, what else could, or what is at odds."""

    kind: str
    begins: str = ""
    others: tuple[str, ...] = ()
    at_odds: tuple[str, ...] = ()

    @property
    def advice(self) -> tuple[str, str, tuple[str, ...]]:
        """What it comes to: what else could begin is no part of it."""
        return self.kind, self.begins, self.at_odds


def reply(rules: Mapping[str, SmallRule], world: World) -> Reply:
    """The first preference that nothing keeps out, unless two that share it begin different things.

    Of two that begin the same, what is printed goes before a choice; the source is not silent beside it.
    """
    those = standing(rules, world)
    kept_out = {rule.what for rule in those.values() if rule.kind == "block"}
    wanted = [name for name, rule in those.items() if rule.kind == "start"]
    wanted.sort(key=lambda name: (those[name].preference, not those[name].printed, name))
    first: dict[str, str] = {}
    for name in wanted:
        if those[name].what not in kept_out:
            first.setdefault(those[name].what, name)
    highest = min((those[name].preference for name in first.values()), default=0)
    best = [what for what, name in first.items() if those[name].preference == highest]
    silent = any(rule.kind == "silent" for rule in those.values())
    if len(best) > 1:
        return Reply("conflict", "", tuple(first), tuple(sorted(best)))
    begins, *others = first or [""]
    if silent and not (begins and those[first[begins]].printed):
        return Reply("guideline-silent", begins, tuple(others))
    if begins:
        return Reply("next-line", begins, tuple(others))
    if any(rule.kind == "answers" for rule in those.values()):
        return Reply("no-line")
    return Reply("held-back" if wanted else "nothing-applies")


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
