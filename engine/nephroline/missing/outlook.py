"""The outlook of a consultation: what is certain all the same, and what to order next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from nephroline.backends import backend
from nephroline.consultation import (
    NO_LINE,
    Advised,
    Consultation,
    Consulted,
    answered,
    consulted,
    in_words,
    needs,
    open_for,
    presumed_exposures,
    summarised,
)
from nephroline.consultation.answer import AnswerKind, OpenRule, OrderOut, OutcomeOut, Outlook
from nephroline.features import Missing, Slot, gather
from nephroline.missing.datum import title_of
from nephroline.missing.margins import all_margins
from nephroline.missing.meaning import Meaning
from nephroline.missing.pausing import uncollected
from nephroline.missing.question import NextLine, Reply, RuleHolds
from nephroline.missing.search import BoundError, Search
from nephroline.missing.state import State, state_of
from nephroline.missing.tree import Leaf
from nephroline.pathway import Pathway, Rule
from nephroline.record import Moment, Record
from nephroline.terms import Answer, Certain, Holding

NEXT_LINE = "next-line"
Essential = dict[str, dict[Slot, None]]
"""For each question, the data of which each alone can change it, in order."""
_BOUND = "the search met its bound before it had looked at every combination of values"


@uncollected
def thorough(
    record: Record,
    pathway: Pathway,
    as_of: str | Moment | None = None,
    *,
    margins: bool = False,
    backend_name: str = "durable",
    stops_seen: bool = True,
) -> Consultation:
    """A consultation with its outlook: what is certain all the same, and needs that can change something.

    With *margins*, also how far each value stands from another answer. Other arguments and errors as
    `consult`.
    """
    done = consulted(record, pathway, as_of, backend(backend_name), stops_seen=stops_seen)
    return with_outlook(record, pathway, done, margins=margins)


def with_outlook(record: Record, pathway: Pathway, done: Consulted, *, margins: bool) -> Consultation:
    """Add the outlook to a consultation that was just made."""
    seen = done.run.chart.timeline
    search = Search(state_of(record, pathway, seen.as_of, stops_seen=seen.stops_seen))
    essential: Essential = {}
    found, outcomes = _next_line(search, essential)
    # Whether the line stands is a question of its own: no other search that met its bound leaves it open.
    exact = found.complete and search.exact
    rules, complete = _rules(search, essential)
    found = msgspec.structs.replace(
        found,
        rules=rules,
        presuming=[item.why for item in presumed_exposures(search.start.run)],
        margins=all_margins(search.start) if margins else None,
        complete=found.complete and complete and search.exact,
        states=search.states,
    )
    answer = _withheld(done, found, outcomes) if exact else done.consultation
    chosen = answer.next_line
    hazards = _hazards(done) if chosen is not None else []
    if chosen is not None and found.verdict is Certain.CERTAIN:
        chosen = msgspec.structs.replace(chosen, certain=not hazards, depends_on=[m.why for m in hazards])
    found = _beforehand(found, search, hazards)
    if found.answer and exact:
        # What is certain of the course that is the line is not undecided beside it.
        answer = msgspec.structs.replace(
            answer,
            acts=[act for act in answer.acts if not (act.act == "undecided" and _is_line(done, act.agent))],
        )
    lacks = done.lacking
    matter = [(r, m) for r, m in lacks.next_line if _matters(m, essential.get(NEXT_LINE))]
    known = {missing.slot for _, missing in matter}
    matter += [(NEXT_LINE, search.asked[slot]) for slot in essential.get(NEXT_LINE, ()) if slot not in known]
    before = {missing.slot for missing in hazards} - known - set(essential.get(NEXT_LINE, ()))
    matter += [(r, m) for r, m in lacks.next_line if m.slot in before]
    matter += [(r, m) for r, m in lacks.rules if _matters(m, essential.get(r))]
    asked = needs((*matter, *lacks.always))
    told = answer.answer
    if exact and told == done.consultation.answer and found.depends_on:
        told = answered(done.run, done.decision, asked, lambda m: _matters(m, essential.get(NEXT_LINE)))
    return summarised(
        msgspec.structs.replace(answer, answer=told, next_line=chosen, needs=asked, outlook=found)
    )


def _is_line(done: Consulted, agent: str) -> bool:
    """Whether the line that runs is a course of an agent."""
    line, catalogue = done.run.chart.timeline.line, done.run.pathway.catalogue
    return line is not None and all(catalogue.belongs(drug, agent) for drug in line.drugs)


def _hazards(done: Consulted) -> list[Missing]:
    """What is looked at before the first dose of the line that was chosen, and is not known."""
    act, run = done.decision.act, done.run
    if act is None:
        return []
    followed = open_for(run, act, looked_at=False)
    return [item for item in open_for(run, act) if item not in followed]


def _beforehand(found: Outlook, search: Search, hazards: Sequence[Missing]) -> Outlook:
    """An outlook with what is to be looked at before the first dose: the line depends on it."""
    if not hazards:
        return found
    titles = [title for title in _titles(search, hazards, ()) if title not in found.depends_on]
    return msgspec.structs.replace(
        found,
        verdict=found.verdict if found.verdict is Certain.UNSETTLED else Certain.DEPENDS,
        answer="",
        depends_on=[*found.depends_on, *titles],
        although=[title for title in found.although if title not in titles],
    )


def _withheld(done: Consulted, found: Outlook, outcomes: Sequence[Advised]) -> Consultation:
    """The answer without a next line that stands now, if no value of the missing data leaves it standing."""
    answer, act = done.consultation, done.decision.act
    if answer.next_line is None or act is None or not outcomes:
        return answer
    here = done.decision.advised
    if any(
        (other.action, other.what, other.direction) == (here.action, here.what, here.direction)
        for other in outcomes
    ):
        return answer
    missing = ", ".join(found.depends_on or found.although)
    told = f"by the data so far: {answer.next_line.title}; but no value of {missing} leaves it the next line"
    kind = outcomes[0].kind if len(outcomes) == 1 else Answer.NEEDS_DATA
    return msgspec.structs.replace(answer, answer=AnswerKind(kind=kind, because=[told]), next_line=None)


def _matters(missing: Missing, essential: dict[Slot, None] | None) -> bool:
    """Whether a datum can change what it is asked for; unless that is known, it counts."""
    return essential is None or missing.slot is None or missing.slot in essential


# -- the next line as a whole ------------------------------------------------------------------------


def _next_line(search: Search, essential: Essential) -> tuple[Outlook, Sequence[Advised]]:
    """The outlook on the next line, and the answers that are possible."""
    start = search.start
    _, missing = start.answer
    try:
        meaning = Meaning(search.tree_of(NextLine()))
    except BoundError:
        names = [m.why for m in missing]
        return _outlook(Certain.UNSETTLED, depends_on=names, because=[_BOUND], complete=False), ()
    essential[NEXT_LINE] = dict.fromkeys(meaning.essential)
    titles = meaning.slots
    # A value that makes another assessment is spoken of only if some were tried.
    assessing = {analyte.id for analyte in start.pathway.catalogue.assessed}
    tried = [m for m in missing if m.slot in search.tried or m.slot is None or m.slot.name not in assessing]
    although = _titles(search, tried, titles)
    stuck = list(dict.fromkeys(why for _, leaf in meaning.leaves for why in leaf.stuck))
    if isinstance(meaning.tree, Leaf):
        kind = Certain.UNSETTLED if stuck else Certain.CERTAIN
        outcome = meaning.tree.outcome
        known = isinstance(outcome, Advised) and outcome.action is not None and start.decision.act is None
        told = _told(start, outcome) if known and not stuck else ""
        return _outlook(kind, answer=told, although=although, because=stuck), _advice(meaning)
    least = sorted(meaning.settling, key=lambda slots: sorted(map(search.burden, slots), reverse=True))
    orders = [_order(search, meaning, slots) for slots in least]
    depends = [titles[slot] for slot in sorted(meaning.essential, key=search.burden)]
    found = _outlook(Certain.DEPENDS, although=although, depends_on=depends, because=stuck, orders=orders)
    return found, _advice(meaning)


def _outlook(
    verdict: Certain,
    *,
    answer: str = "",
    although: Sequence[str] = (),
    depends_on: Sequence[str] = (),
    because: Sequence[str] = (),
    orders: Sequence[OrderOut] = (),
    complete: bool = True,
) -> Outlook:
    return Outlook(
        verdict=verdict,
        answer=answer,
        presuming=[],
        although=list(although),
        depends_on=list(depends_on),
        because=list(because),
        orders=list(orders),
        rules=[],
        margins=None,
        complete=complete,
        states=0,
    )


def _titles(search: Search, missing: Iterable[Missing], but: Iterable[Slot]) -> list[str]:
    """The titles of open data that do not matter."""
    chart = search.start.chart
    skipped = set(but)
    found = [title_of(m.slot, chart) for m in missing if m.slot is not None and m.slot not in skipped]
    return list(dict.fromkeys(found))


def _order(search: Search, meaning: Meaning, slots: Sequence[Slot]) -> OrderOut:
    ordered = sorted(slots, key=search.burden)
    scale = list(search.start.pathway.catalogue.burdens.values())
    now = search.start.chart.timeline.now
    # What is asked of the past is no test to do: it is in the charts, or nowhere.
    to_do = [slot for slot in ordered if slot.at is None or slot.at.latest >= now]
    return OrderOut(
        data=[meaning.slots[slot] for slot in ordered],
        burden=scale[search.burden(to_do[-1]) if to_do else 0].title,
        outcomes=[
            OutcomeOut(
                when=[
                    meaning.texts[slot, way[slot]]
                    for slot in sorted(way, key=search.burden)
                    if not way[slot].everything
                ],
                then=_told(search.start, leaf.outcome, leaf.stuck),
                open=list(leaf.stuck),
            )
            for way, leaf in meaning.ways
        ],
    )


def _advice(meaning: Meaning) -> list[Advised]:
    """What may be advised."""
    return [outcome for outcome in meaning.outcomes if isinstance(outcome, Advised)]


def _told(state: State, outcome: Reply, open_still: Sequence[str] = ()) -> str:
    assert isinstance(outcome, Advised)  # noqa: S101
    if outcome.kind is Answer.NOTHING_APPLIES and open_still:
        return NO_LINE[Answer.NEEDS_DATA]
    return in_words(state.pathway.catalogue, outcome)


# -- each rule ---------------------------------------------------------------------------------------


def _rules(search: Search, essential: Essential) -> tuple[list[OpenRule], bool]:
    """Every rule that three-valued logic leaves open, and whether the search was complete."""
    start, found, complete = search.start, list[OpenRule](), True
    for rule in start.pathway.rules.values():
        for subject in start.run.subjects(rule.scope):
            truth, missing = start.settled(rule, subject)
            if truth is None:
                open_rule, slots = _rule(search, rule, subject, gather(missing))
                found.append(open_rule)
                if slots is None:
                    complete = False
                else:
                    essential.setdefault(rule.id, {}).update(dict.fromkeys(slots))
    return found, complete


def _rule(
    search: Search, rule: Rule, subject: int, missing: Sequence[Missing]
) -> tuple[OpenRule, tuple[Slot, ...] | None]:
    try:
        meaning = Meaning(search.tree_of(RuleHolds(rule, subject)))
    except BoundError:
        names = _titles(search, missing, ())
        return _open_rule(rule, subject, Holding.UNSETTLED, depends_on=names), None
    although = _titles(search, missing, meaning.slots)
    outcomes = meaning.outcomes
    if isinstance(meaning.tree, Leaf) and outcomes[0] is not None:
        holds = Holding.YES if outcomes[0] else Holding.NO
    else:
        holds = Holding.UNSETTLED if isinstance(meaning.tree, Leaf) else Holding.DEPENDS
    depends = [meaning.slots[slot] for slot in meaning.essential]
    found = _open_rule(rule, subject, holds, depends_on=depends, although=although)
    return found, meaning.essential


def _open_rule(
    rule: Rule,
    subject: int,
    holds: Holding,
    *,
    depends_on: Sequence[str] = (),
    although: Sequence[str] = (),
) -> OpenRule:
    return OpenRule(
        rule=rule.id,
        title=rule.title,
        concludes=rule.concludes,
        line=subject or None,
        holds=holds,
        depends_on=list(depends_on),
        although=list(although),
    )
