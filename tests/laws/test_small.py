"""Small pathways against what they must answer: how rules compete, and what the unknown can change.

All values are tried, so nothing is missed: the answer, what is certain all the same, what it depends on, in which
way, and which rules are open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deciding import ASKED_AS, LETTERS, pathway, patient
from hypothesis import given, note, settings
from hypothesis import strategies as st
from small import (
    LIMITS,
    NUMBERS,
    POTASSIUM,
    TITLES,
    Reply,
    SmallRule,
    World,
    known,
    pathways,
    reply,
    standing,
    worlds,
    written,
)
from test_laws import EXAMPLES

from nephroline.consultation import Consultation, consult
from nephroline.consultation.answer import LineAdvice
from nephroline.missing import thorough
from nephroline.pathway import Pathway
from nephroline.record import read_record

SMALL = settings(max_examples=EXAMPLES * 3, deadline=None)
DATA = ASKED_AS | {POTASSIUM: "serum potassium"}
AT = "1 mo"


def asked(rules: Mapping[str, SmallRule]) -> Pathway:
    note(str(written(rules)))
    return pathway(written(rules), LIMITS)


def answered(ask: Callable[..., Consultation], under: Pathway, told: World, runs: bool) -> Consultation:
    """What is answered to a patient of whom this is told."""
    note(f"{told}, {runs}")
    return ask(read_record(chart(told, runs), under.catalogue), under, AT)


def chart(told: World, runs: bool) -> dict[str, Any]:
    """A patient of whom this is told, and who takes mycophenolate or not."""
    said = ", ".join(letter if told[letter] else f"not {letter}" for letter in LETTERS if letter in told)
    taken = [{"drug": "mycophenolate mofetil", "dose": "1.5 g/d", "from": "0 mo"}] if runs else []
    found = patient(said, exposures=taken)
    if POTASSIUM in told:
        found["observations"][0][POTASSIUM] = f"{told[POTASSIUM]} mmol/L"
    return found


def asked_for(line: LineAdvice) -> str:
    """What is to be done with a line: a regimen that begins, or a word for what runs."""
    return str(line.regimen) if line.action == "start" else line.title.split()[0].lower()


@given(pathways(), known(), st.booleans())
@SMALL
def test_where_all_is_known_the_first_preference_wins_that_nothing_keeps_out(
    rules: dict[str, SmallRule], told: dict[str, Any], runs: bool
) -> None:
    under = asked(rules)
    for world in list(worlds(told))[:8]:
        answer = answered(consult, under, world, runs)
        wanted = reply(rules, world, runs=runs)
        assert answer.answer.kind == wanted.kind
        assert (asked_for(answer.next_line) if answer.next_line else "") == wanted.does
        assert [asked_for(one) for one in answer.alternatives] == list(wanted.others)
        assert answer.next_line is None or answer.next_line.certain
        assert not answer.needs
        assert {alert.id for alert in answer.alerts} == {
            name for name, rule in standing(rules, world).items() if rule.kind == "alert"
        }


@given(pathways(), known(), st.booleans())
@SMALL
def test_what_is_unknown_and_could_change_the_line_leaves_it_uncertain_and_is_asked_for(
    rules: dict[str, SmallRule], told: dict[str, Any], runs: bool
) -> None:
    answer = answered(consult, asked(rules), told, runs)
    done = {reply(rules, world, runs=runs).does for world in worlds(told)}
    if len(done) == 1:
        return
    assert answer.next_line is None or not answer.next_line.certain
    assert answer.needs


def mattering(rules: Mapping[str, SmallRule], told: World, runs: bool) -> list[str]:
    """The data of which each alone can change what is advised."""
    return changing(told, lambda world: reply(rules, world, runs=runs).advice)


def changing(told: World, asked: Callable[[World], object]) -> list[str]:
    """The data that are not told of which each alone can change something."""
    every = list(worlds(told))
    return [
        name
        for name in [*LETTERS, POTASSIUM]
        if name not in told
        and any(
            asked(one) != asked({**one, name: value})
            for one in every
            for value in (NUMBERS if name == POTASSIUM else (True, False))
        )
    ]


def in_words(found: Reply) -> str:
    """What is advised, as it is told."""
    line = _act(found.does) if found.does else ""
    silent = "the guideline names no next line"
    return {
        "conflict": f"rules conflict: {' or '.join(sorted(map(_act, found.at_odds)))}",
        "guideline-silent": f"{line}; beyond that {silent}" if line else silent,
        "next-line": line,
        "continue": line,
        "no-line": "nothing is begun now",
        "held-back": "the next line is held back",
        "nothing-applies": "no rule about the next line holds",
    }[found.kind]


def _act(does: str) -> str:
    return f"start {TITLES[does]}" if does in TITLES else f"{does} mycophenolate mofetil"


COMPARED: dict[str, Callable[[float, float], bool]] = {
    "<": float.__lt__,
    "≤": float.__le__,
    ">": float.__gt__,
    "≥": float.__ge__,
    "=": float.__eq__,
}


def meets(world: World, when: str) -> bool:
    """Whether values are as an outcome says: ``serum potassium ≥ 5 mmol/L and ≤ 6 mmol/L``, ``…: yes``."""
    name = next(name for name, title in DATA.items() if when.startswith(title))
    told = when.removeprefix(DATA[name])
    if name != POTASSIUM:
        return told.strip(": ") == ("yes" if world[name] else "no")
    value = float(world[POTASSIUM])
    parts = [part.split() for part in told.strip().split(" and ")]
    return all(COMPARED[sign](value, float(number)) for sign, number, _ in parts)


@given(pathways(), known(), st.booleans())
@SMALL
def test_the_outlook_says_what_every_value_would_lead_to(
    rules: dict[str, SmallRule], told: dict[str, Any], runs: bool
) -> None:
    answer = answered(thorough, asked(rules), told, runs)
    outlook = answer.outlook
    assert outlook is not None
    assert outlook.complete
    every = [(world, reply(rules, world, runs=runs)) for world in worlds(told)]
    possible = {found.advice for _, found in every}
    matter = mattering(rules, told, runs)
    assert outlook.verdict == ("certain" if len(possible) == 1 else "depends")
    assert sorted(outlook.depends_on) == sorted(DATA[name] for name in matter)
    assert {need.datum for need in answer.needs} >= {LETTERS.get(name, name) for name in matter}
    assert len(outlook.orders) == (1 if matter else 0)
    for order in outlook.orders:
        assert sorted(order.data) == sorted(DATA[name] for name in matter)
        # Each way is told once, and none that a wider one holds.
        ways = [(way.then, set(way.when)) for way in order.outcomes]
        assert not [
            1
            for n, (then, when) in enumerate(ways)
            for m, (other, wider) in enumerate(ways)
            if n != m and then == other and wider <= when
        ]
        for world, found in every:
            led = {way.then for way in order.outcomes if all(meets(world, when) for when in way.when)}
            assert led == {in_words(found)}
    line = answer.next_line
    if line is not None:
        done = {found.does for _, found in every}
        assert asked_for(line) in done
        assert not line.certain or done == {asked_for(line)}
        assert line.certain or len(possible) > 1


@given(pathways(), known(), st.booleans())
@SMALL
def test_a_rule_that_is_open_is_told_with_what_would_settle_it(
    rules: dict[str, SmallRule], told: dict[str, Any], runs: bool
) -> None:
    outlook = answered(thorough, asked(rules), told, runs).outlook
    assert outlook is not None
    shown = {one.rule: one for one in outlook.rules}
    for name in rules:
        truths = {name in standing(rules, world) for world in worlds(told)}
        if name in shown:
            wanted = "depends" if len(truths) == 2 else "yes" if truths == {True} else "no"
            assert shown[name].holds == wanted
            assert sorted(shown[name].depends_on) == sorted(DATA[one] for one in turning(rules, name, told))
        else:
            assert len(truths) == 1


def turning(rules: Mapping[str, SmallRule], name: str, told: World) -> list[str]:
    """The data of which each alone can turn a rule."""
    return changing(told, lambda world: name in standing(rules, world))
