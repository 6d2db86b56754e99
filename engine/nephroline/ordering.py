"""May this drug be given now? An order is judged as if it were begun: by the same rules as every answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from typing import Literal, NamedTuple

import msgspec

from nephroline.backends import backend
from nephroline.catalogue import Catalogue, spelling
from nephroline.consultation import (
    Consulted,
    LazyRun,
    concerns,
    consulted,
    decision_time,
    headline,
)
from nephroline.consultation.answer import ActOut, AlertOut, BlockReason, DoseOut, LineAdvice, PathwayRef
from nephroline.consultation.blocking import reason_of
from nephroline.consultation.choosing import failed_lines
from nephroline.consultation.doses import doses_of
from nephroline.consultation.naming import raised_by
from nephroline.consultation.parts import When
from nephroline.consultation.run import fill
from nephroline.consultation.supposing import supposing
from nephroline.errors import RecordError, UsageError, likely_slip, quoted
from nephroline.exact import Fraction
from nephroline.features import Missing, gather
from nephroline.pathway import Block, Recommend, Rule
from nephroline.quantities import parse
from nephroline.record import (
    PER_DAY,
    PER_WEIGHT,
    Exposure,
    Moment,
    Record,
    given_at_once,
    read_record,
    weight_dose,
)
from nephroline.selecting import Among, select
from nephroline.terms import HIGH_ONLY, LOW_ONLY, Action, Phase

Verdict = Literal["not-judged", "no", "already", "not-now", "unknown", "first", "yes"]
"""Not judged: the edition does not speak of this patient. No: something forbids it. Already: it is taken so.
Not now: nothing forbids it, but the pathway asks for something else. Unknown: what is missing could forbid
it. First: after what is named. Yes: nothing is against it."""

_MOMENT = Fraction(1, 1440)
"""A minute in days: an order is judged as if it had been begun that long before as-of."""
_BEFORE = ("stop", "hold")


class OrderAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered to an order.

    `because`: why it is no, not now or unknown. `first`: what is to be done before its first dose.
    `alerts`: those that it raises. `dose`: what is wrong with the dose, with that for this patient beside it
    in `doses`. `instead`: what the pathway says now. `needs`: data that could still forbid it.
    """

    record: str
    as_of: When
    pathway: PathwayRef
    order: str
    drug: str
    title: str
    verdict: Verdict
    because: list[str]
    blocked: list[BlockReason]
    dose: list[str]
    doses: list[DoseOut]
    first: list[str]
    alerts: list[AlertOut]
    instead: list[str]
    needs: list[str]
    notice: str


class _Ordered(NamedTuple):
    """An order as it is read: what is called how, and the exposure that it would be."""

    title: str
    row: Exposure


class _DoseFault(NamedTuple):
    """What is wrong with a dose, and whether it must not be given so."""

    text: str
    forbids: bool


def order(
    record: Record, among: Among, text: str, as_of: str | Moment | None = None, *, stops_seen: bool = True
) -> OrderAnswer:
    """Judge an order such as ``cyclosporine 100 mg bid`` as if it were begun at as-of.

    Args:
        record: the chart.
        among: as for `consult`.
        text: a drug of the catalogue by any of its names, and a dose as charts write it; a drug alone is
            judged without its dose.
        as_of: the decision time, as for `consult`.
        stops_seen: as for `consult`.

    Raises: UsageError for an order that cannot be read; else as `consult`.
    """
    moment = decision_time(record, as_of)
    selected = select(record, among, moment)
    pathway = selected.pathway
    ordered = _read(text, pathway.catalogue)
    ask = partial(consulted, pathway=pathway, as_of=moment, engine=backend("durable"), stops_seen=stops_seen)
    now, then = ask(record), ask(_given(record, ordered.row, moment))
    found = _Judged(now, then, ordered)
    verdict, because = found.verdict()
    answer = now.consultation
    return OrderAnswer(
        record=record.id,
        as_of=answer.as_of,
        pathway=selected.reference,
        order=text.strip(),
        drug=ordered.row.drug,
        title=ordered.title,
        verdict=verdict,
        because=because,
        blocked=found.blocks,
        dose=[fault.text for fault in found.dose_faults],
        doses=found.doses,
        first=found.first,
        alerts=found.alerts(),
        instead=[] if verdict in ("not-judged", "yes", "first", "already") else found.instead(),
        needs=[item.why for item in found.missing],
        notice=answer.notice,
    )


# -- reading -------------------------------------------------------------------------------------------


def _read(text: str, catalogue: Catalogue) -> _Ordered:
    """The drug and the dose of an order. Raises: UsageError."""
    words = text.split()
    for length in range(len(words), 0, -1):
        drug = catalogue.drug_names.get(spelling(" ".join(words[:length])))
        if drug is not None:
            return _with_dose(" ".join(words[:length]), drug, " ".join(words[length:]), catalogue)
    name = re.split(r"\s+\d", text.strip(), maxsplit=1)[0] if words else ""
    if not name:
        raise UsageError.of("the order is empty", 'write a drug and a dose: "cyclosporine 100 mg bid"')
    remedy = likely_slip(spelling(name), catalogue.drug_names) or "`nephroline units drugs` lists all"
    raise UsageError.of(f"unknown drug {quoted(name)} in the order", remedy)


def _with_dose(name: str, drug: str, dose: str, catalogue: Catalogue) -> _Ordered:
    row: dict[str, object] = {"drug": name, "from": "0 d"}
    if dose:
        row["dose"] = dose
    try:
        read = read_record({"id": "order", "exposures": [row]}, catalogue).exposures
    except RecordError as bad:
        first = bad.problems[0]
        remedy = first.help or 'write it as in a chart: "cyclosporine 100 mg bid", "rituximab 1 g"'
        raise UsageError.of(
            f"the order {quoted(f'{name} {dose}'.strip())}: {first.message}", remedy
        ) from None
    if not read:
        raise UsageError.of(f"{quoted(name)} cannot be ordered", "name a drug of the catalogue")
    return _Ordered(catalogue.drugs[drug].title, read[-1])


def _given(record: Record, row: Exposure, moment: Moment) -> Record:
    """The record as if the order had just been begun; a dose of the same drug that runs ends then."""
    at = Moment(moment.latest - _MOMENT, moment.latest - _MOMENT, moment.label)
    begun = msgspec.structs.replace(row, start=at, end=at if given_at_once(row) else None)
    kept = [
        msgspec.structs.replace(old, end=at, stopped_for=None)
        if old.drug == row.drug
        and old.start.latest < at.latest
        and (old.end is None or old.end.latest > at.latest)
        else old
        for old in record.exposures
    ]
    rows = sorted((*kept, begun), key=lambda one: one.start.sort_key)
    return msgspec.structs.replace(record, exposures=tuple(rows))


# -- judging -------------------------------------------------------------------------------------------


class _Judged:
    """What is said of an order; one use."""

    def __init__(self, now: Consulted, then: Consulted, ordered: _Ordered) -> None:
        self._now, self._then, self._ordered = now, then, ordered
        self._drug = ordered.row.drug
        self._run = now.run
        self._other: LazyRun = supposing(now.run, frozenset({self._drug}))
        self.doses = doses_of(now.run, self._drug)

    @property
    def _catalogue(self) -> Catalogue:
        return self._run.pathway.catalogue

    @property
    def _running(self) -> Exposure | None:
        return self._run.chart.timeline.running.get(self._drug)

    def verdict(self) -> tuple[Verdict, list[str]]:
        """The verdict, and what it rests on."""
        if not self._now.decision.applied.cares:
            return "not-judged", self._now.consultation.applicability.because
        against = [*self._against(), *(fault.text for fault in self.dose_faults if fault.forbids)]
        if against:
            return "no", against
        running = self._running
        if running is not None and self._same(running):
            stops = [act for act in self._now.consultation.acts if act.act in _BEFORE]
            ends = [f"{a.title}: {a.detail}" for a in stops if self._catalogue.within(self._drug, a.agent)]
            taken = f"{self._ordered.title} {running.dose.text if running.dose else ''} is taken"
            return ("no", ends) if ends else ("already", [taken])
        if not self._asked_for():
            return "not-now", [headline(self._now.consultation)]
        if self.missing:
            return "unknown", [item.why for item in self.missing]
        return ("first" if self.first else "yes"), []

    def _same(self, running: Exposure) -> bool:
        wanted = self._ordered.row.dose
        return wanted is None or (running.dose is not None and running.dose.exact == wanted.exact)

    def _against(self) -> list[str]:
        """What forbids it: a block, a line that failed, or that rules would end it at once."""
        found = [f"{one.title}: {'; '.join(one.because)}" for one in self.blocks]
        failed = failed_lines(self._run)
        regimen = self._regimen()
        if regimen is not None and regimen in failed:
            found.append(f"it has failed already: line {failed[regimen].number}")
        found += [f"{act.title}: {act.detail}" for act in self._ended()]
        return found or self._reactions(self._forbids)

    def _forbids(self, drug: str) -> bool:
        return self._catalogue.reaction_concerns(drug, self._drug)

    def _related(self, drug: str) -> bool:
        """Whether a drug is another of the same narrowest class."""
        known = self._catalogue.drugs
        return not self._forbids(drug) and known[drug].classes[:1] == known[self._drug].classes[:1] != ()

    def _reactions(self, concerns_it: Callable[[str], bool]) -> list[str]:
        """The charted reactions to some drugs: a record names those for which a drug is not given again."""
        return [
            f"an adverse reaction to {self._catalogue.drugs[one.drug].title} is charted ({one.at})"
            + (f": {one.what}" if one.what else "")
            for one in self._run.chart.timeline.reactions
            if concerns_it(one.drug)
        ]

    def _ended(self) -> list[ActOut]:
        """Acts that would end what is ordered."""
        before = {act.rule for act in self._now.consultation.acts if act.agent == self._drug}
        words = (*_BEFORE, *(() if self._running else ("taper", "reduce")))
        within = self._catalogue.within
        return [
            act
            for act in self._then.consultation.acts
            if act.act in words
            and within(self._drug, act.agent)
            and (act.rule not in before or self._running)
        ]

    def _regimen(self) -> str | None:
        """The regimen that the drug makes alone; of a class with phases only at a full dose."""
        alone = self._catalogue.regimen_of(frozenset({self._drug}))
        return alone.id if alone is not None and (not self._followed() or self._is_high()) else None

    def _followed(self) -> bool:
        return self._catalogue.followed(self._drug)

    def _is_high(self) -> bool:
        return self._phases() == HIGH_ONLY

    def _phases(self) -> frozenset[Phase]:
        """The phases that the dose that is ordered may be of."""
        treatment = self._then.run.chart.timeline.treatment
        row = treatment.running.get(self._drug)
        return treatment.phases(row) if row is not None else frozenset()

    def _blocking(self) -> Iterator[tuple[Rule, Block, int]]:
        regimen = self._catalogue.regimens.get(self._regimen() or "")
        for rule, block, subject in self._other.rules(Block):
            if concerns(self._run, block, regimen, frozenset({self._drug})):
                yield rule, block, subject

    @cached_property
    def blocks(self) -> list[BlockReason]:
        """The blocks that stand, each with its way out."""
        return [
            reason_of(self._run, rule, block, subject)
            for rule, block, subject in self._blocking()
            if self._other.stands(rule, subject)
        ]

    @cached_property
    def missing(self) -> Sequence[Missing]:
        """What could still bring in a block."""
        lacking = (
            item
            for rule, _, subject in self._blocking()
            if self._other.settled(rule, subject) is None and not self._other.stands(rule, subject)
            for item in self._other.missing(rule.when, subject)
        )
        return gather(lacking)

    @cached_property
    def first(self) -> list[str]:
        """What is to be done before the first dose: other drugs that are ended, and what is looked at."""
        if self._running is not None:
            return []
        before = {(act.agent, act.rule) for act in self._now.consultation.acts}
        ended = [
            f"{act.title}: {act.detail}"
            for act in self._then.consultation.acts
            if act.act in _BEFORE
            and ((act.agent, act.rule) not in before or self._raises(act.rule))
            and not self._catalogue.within(self._drug, act.agent)
        ]
        # Of what is no immunosuppressant only what it asks for itself, not what the next line does.
        suppresses = self._drug in self._catalogue.immunosuppressants
        without = None if suppresses else supposing(self._run, frozenset())
        looked_at = [
            fill(self._run.pathway, one.title or rule.title)
            for rule, one, subject in self._other.rules(Recommend)
            if one.before_first_dose
            and self._other.stands(rule, subject)
            and (without is None or not without.stands(rule, subject))
        ]
        related = [f"{told}; judge whether it is of the class" for told in self._reactions(self._related)]
        return list(dict.fromkeys((*related, *ended, *looked_at)))

    def _raises(self, rule: str) -> bool:
        """Whether a rule holds by the drug that is ordered, among others."""
        run = self._then.run
        known = run.pathway.rules[rule]
        return any(
            name.startswith(self._ordered.title)
            for subject in run.subjects(known.scope)
            if run.stands(known, subject)
            for name in raised_by(run, known.when, subject)
        )

    def alerts(self) -> list[AlertOut]:
        """The alerts that it raises, the loudest first."""
        before = {(alert.id, tuple(alert.raised_by)) for alert in self._now.consultation.alerts}
        return [
            alert
            for alert in self._then.consultation.alerts
            if (alert.id, tuple(alert.raised_by)) not in before
        ]

    def _asked_for(self) -> bool:
        """Whether the answer of now names it, or it is none of which the answer decides."""
        if self._drug not in self._catalogue.immunosuppressants:
            return True
        answer, within = self._now.consultation, self._catalogue.within
        lines = [line for line in (answer.next_line, *answer.alternatives) if line is not None]
        offered = [agent for line in lines for agent in self._offered(line)]
        # What is to go on need not be begun again.
        words = ("start", "raise", *(("continue",) if self._running is not None else ()))
        acted = [act.agent for act in answer.acts if act.act in words and not self._only_beside(act.regimen)]
        return any(within(self._drug, agent) for agent in (*offered, *acted))

    def _offered(self, line: LineAdvice) -> tuple[str, ...]:
        """What a line begins: of more than a low dose of what belongs to it at a low one, nothing."""
        regimen = self._catalogue.regimens.get(line.regimen or "")
        if regimen is None or line.action is not Action.START:
            return ()
        return regimen.agents if self._only_beside(regimen.id) else (*regimen.agents, *regimen.adjuncts)

    def _only_beside(self, name: str | None) -> bool:
        """Whether more than a low dose is ordered of what goes beside a regimen at a low one."""
        regimen = self._catalogue.regimens.get(name or "")
        if regimen is None or not self._followed() or self._phases() == LOW_ONLY:
            return False
        return not any(self._catalogue.within(self._drug, agent) for agent in regimen.agents)

    def instead(self) -> list[str]:
        """What the pathway says now: the line, its alternatives, and what else could be."""
        answer = self._now.consultation
        lines = [line for line in (answer.next_line, *answer.alternatives) if line is not None]
        if not lines:
            return [headline(answer)]
        return [line.title for line in lines if self._drug not in _drugs(self._catalogue, line)]

    @cached_property
    def dose_faults(self) -> list[_DoseFault]:
        """What is wrong with the dose: more than the most, or less than is given."""
        ordered = self._a_day()
        # Of what is infused there is more than one printed dose.
        bounds = [d for d in self.doses if d.least and d.greatest and d.dispense]
        if ordered is None or not bounds:
            return self._implausible(ordered)
        low = min(_grams(self._catalogue, d.least) for d in bounds)
        high = max(_grams(self._catalogue, d.greatest) for d in bounds)
        text = self._ordered.row.dose.text if self._ordered.row.dose else ""
        if ordered > high:
            most = max(bounds, key=lambda d: _grams(self._catalogue, d.greatest))
            told = f"{text} is more than the most for this patient: {most.greatest}"
            return [_DoseFault(told, forbids=True)]
        if ordered < low and self._running is None:
            least = min(bounds, key=lambda d: _grams(self._catalogue, d.least))
            return [_DoseFault(f"{text} is less than is given to this patient: {least.least}", forbids=False)]
        return self._implausible(ordered)

    def _implausible(self, ordered: Fraction | None) -> list[_DoseFault]:
        supply = self._catalogue.formulary.get(self._drug)
        dose = self._ordered.row.dose
        if supply is None or ordered is None or dose is None:
            return []
        wrong = supply.implausible(AT_ONCE_OF.get(dose.dimension, dose.dimension), (ordered,))
        told = f"{dose.text} is more than the plausible {wrong}, or less: check the unit"
        return [_DoseFault(told, forbids=True)] if wrong else []

    def _a_day(self) -> Fraction | None:
        """The dose in g, a day or at once; None if it, or the weight, is not known."""
        dose = self._ordered.row.dose
        if dose is None or dose.exact is None:
            return None
        if dose.dimension in (PER_DAY, "mass"):
            return dose.exact
        weight = self._run.chart.timeline.weight_at(self._run.chart.timeline.as_of)
        known = dose.dimension == PER_WEIGHT and weight is not None
        return weight_dose(weight, dose.exact) if known and weight else None


AT_ONCE_OF = {PER_WEIGHT: PER_DAY, "dose-per-mass": "mass"}
"""The kind of dose that a dose by weight comes to."""


def _drugs(catalogue: Catalogue, advice: LineAdvice) -> tuple[str, ...]:
    regimen = catalogue.regimens.get(advice.regimen or "")
    return (*regimen.agents, *regimen.adjuncts) if regimen is not None else ()


def _grams(catalogue: Catalogue, text: str) -> Fraction:
    return parse(text, catalogue.units).exact or Fraction(0)
