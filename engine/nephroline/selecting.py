"""The pathway that is asked: the one that was named, else the newest that the biopsy points to; and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from math import floor
from typing import NamedTuple

import msgspec

from nephroline.catalogue import Catalogue
from nephroline.consultation import (
    Applied,
    Consultation,
    LazyRun,
    applicability,
    chart_of,
    decision_time,
    headline,
    pathway_ref,
    same_catalogue,
    summarised,
)
from nephroline.consultation import consult as consult_pathway
from nephroline.consultation.answer import Need, Outlook, PathwayRef
from nephroline.errors import UsageError, quoted
from nephroline.missing import thorough as search_pathway
from nephroline.pathway import Pathway, RuleBase, load_rules, pathway_ids
from nephroline.record import Moment, Record
from nephroline.terms import Certain, Entry, SourceKind, Verdict

AUTO = "auto"
"""What stands for the name of a pathway, where none is named."""

DIAGNOSIS = "the diagnosis: a kidney biopsy"
"""What an answer depends on, as long as pathways of two diseases are possible and say different things."""


class Rival(NamedTuple):
    """A pathway of another disease that no biopsy has ruled out, and where it stands."""

    pathway: Pathway
    standing: str


class Selected(msgspec.Struct, frozen=True):
    """The pathway that is asked of a patient at a time, and why; `applies` is false when none speaks of them.

    `rivals`: what else is possible, as long as no biopsy shows the disease.
    """

    pathway: Pathway
    because: tuple[str, ...]
    applies: bool = True
    rivals: tuple[Rival, ...] = ()

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue with which a record is read for it."""
        return self.pathway.catalogue

    @property
    def reference(self) -> PathwayRef:
        """It as an answer names it."""
        return pathway_ref(
            self.pathway, [*self.because, *(f"{r.pathway.id} {r.standing}" for r in self.rivals)]
        )


Among = Pathway | Selected | RuleBase | None
"""What is asked: one pathway, or the one that fits best (`auto`) of some rules; None: of those that come
with Nephroline."""


def named(rules: RuleBase, name: str) -> Pathway:
    """A pathway by its id; never by the path of a file, which a question from elsewhere must not name.

    Raises: UsageError.
    """
    if name not in rules.pathway_ids:
        known = ", ".join(rules.pathway_ids)
        raise UsageError.of(f"unknown pathway {quoted(name)}", f"use one of {known}, or auto")
    return rules.pathway(name)


def among_of(rules: RuleBase, name: str, own: str = AUTO) -> Selected | Pathway | RuleBase:
    """What a question by *name* asks: where that is ``auto``, the scenario's *own*, else all to choose from.

    Raises: UsageError.
    """
    if name != AUTO:
        return named(rules, name)
    return rules if own == AUTO else Selected(named(rules, own), ("the scenario names it",))


How = Callable[[Record, Pathway, str | Moment | None], Consultation]
"""How a pathway is consulted about a record at a time."""


def select(record: Record, among: Among, as_of: str | Moment | None = None) -> Selected:
    """The pathway that is asked of this patient at this time.

    `auto` takes, of the pathways that rest on a guideline, the newest edition whose disease the biopsy shows;
    without a biopsy that shows one, the newest of each disease is possible.
    Raises: as `consult`.
    """
    match among:
        case Selected():
            return among
        case Pathway():
            return Selected(among, ())
        case _:
            return _by_biopsy(record, among or load_rules(), decision_time(record, as_of))


def ask(record: Record, among: Among, as_of: str | Moment | None, how: How) -> Consultation:
    """The answer of the pathway that is asked, and why it was that one.

    Where pathways of other diseases are as possible, the biopsy that tells comes first among what is
    needed; where one of them says something else, the next line is not certain.
    Raises: as `consult`.
    """
    selected = select(record, among, as_of)
    answer = how(record, selected.pathway, as_of)
    if not selected.because and not selected.rivals:
        return answer
    told, agreed = list(selected.because), True
    for rival in selected.rivals:
        other = how(record, rival.pathway, as_of)
        same = _advice(other) == _advice(answer)
        agreed = agreed and same
        says = "the same" if same else f"otherwise: {headline(other)}"
        told.append(f"{rival.pathway.id} {rival.standing}, and says {says}")
    reference = msgspec.structs.replace(answer.pathway, chosen_because=told)
    answer = msgspec.structs.replace(answer, pathway=reference)
    return summarised(_undiagnosed(answer, agreed=agreed) if selected.rivals else answer)


def consult(
    record: Record,
    pathway: Among = None,
    as_of: str | Moment | None = None,
    *,
    backend_name: str = "durable",
    stops_seen: bool = True,
) -> Consultation:
    """Where does this patient stand at this time, and what is the next line?

    Args:
        record: the chart.
        pathway: the pathway to ask; rules (`load_rules`), to ask the one of them that fits best; without it,
            the one that fits best of those that come with Nephroline.
        as_of: the decision time (``10 mo``, ``2014-05-31``); nothing later is seen. Without it, the
            last dated item of the chart; never today.
        backend_name: ``durable``, ``reference``, or ``shadow`` (both, compared).
        stops_seen: whether the stops of that very day are, as facts; a replay asks before them.

    Raises:
        UsageError: as-of cannot be read, or the chart has no dated item.
        InferenceError: the inference engine cannot be trusted here; there is no answer.
    """
    return ask(
        record, pathway, as_of, partial(consult_pathway, backend_name=backend_name, stops_seen=stops_seen)
    )


def thorough(
    record: Record,
    pathway: Among = None,
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
    how = partial(search_pathway, margins=margins, backend_name=backend_name, stops_seen=stops_seen)
    return ask(record, pathway, as_of, how)


# -- which -------------------------------------------------------------------------------------------


class _Candidate(NamedTuple):
    """A pathway, its disease and year, and what it says of the patient."""

    pathway: Pathway
    year: int
    applied: Applied

    @property
    def refused(self) -> bool:
        return self.applied.verdict is Verdict.DOES_NOT_APPLY


def _by_biopsy(record: Record, rules: RuleBase, moment: Moment) -> Selected:
    editions = _Editions(rules)
    candidates = [_candidate(record, rules.pathway(name), moment, editions) for name in editions.newest]
    shown = _diagnoses(record, candidates[0].pathway, moment)
    # A biopsy that shows a disease decides, whatever may be hidden behind it; else what applies without one.
    first, *others = sorted(candidates, key=lambda c: (*_standing(c, shown), -c.year, c.pathway.id))
    if first.refused:
        return Selected(first.pathway, ("no pathway applies", *_refusals([first, *others])), applies=False)
    because = [
        first.applied.because,
        editions.told(first.pathway, _year(record, moment)),
        *editions.passed_over(first.pathway),
    ]
    alike = _standing(first, shown)
    rivals = [
        Rival(c.pathway, f"does not apply ({c.applied.because})" if c.refused else "is as possible")
        for c in others
        if _standing(c, shown) == alike
        or (alike.unsettled and c.refused and not shown and not rules.heads[c.pathway.id].only_when_shown)
    ]
    return Selected(first.pathway, tuple(because), rivals=tuple(rivals))


class _Standing(NamedTuple):
    """How a pathway stands to a patient: the less, the more it is theirs."""

    not_on_biopsy: bool
    refused: bool
    unsettled: bool


def _standing(candidate: _Candidate, shown: set[str | None]) -> _Standing:
    by_biopsy = candidate.pathway.disease in shown
    applies = candidate.applied.verdict is Verdict.APPLIES
    return _Standing(not by_biopsy, candidate.refused, not (by_biopsy or applies))


def _candidate(record: Record, pathway: Pathway, moment: Moment, editions: _Editions) -> _Candidate:
    same_catalogue(record, pathway)
    applied = applicability(LazyRun(pathway, chart_of(record, pathway, moment)))
    return _Candidate(pathway, editions.years[pathway.id], applied)


def _diagnoses(record: Record, pathway: Pathway, moment: Moment) -> set[str | None]:
    """What the biopsies so far show."""
    biopsies = chart_of(record, pathway, moment).timeline.biopsies
    return {biopsy.diagnosis for biopsy in biopsies if biopsy.diagnosis is not None}


def _refusals(candidates: list[_Candidate]) -> Iterator[str]:
    """Why none applies, each reason once with the pathways that give it."""
    reasons: dict[str, list[str]] = {}
    for candidate in candidates:
        reasons.setdefault(candidate.applied.because, []).append(candidate.pathway.id)
    return (f"{reason} ({', '.join(names)})" for reason, names in reasons.items())


def _year(record: Record, moment: Moment) -> int | None:
    zero = record.clock.zero
    return None if zero is None else (zero + timedelta(days=floor(moment.latest))).year


class _Editions:
    """The pathways of some rules that rest on a guideline: by disease, the newest first."""

    def __init__(self, rules: RuleBase) -> None:
        self._heads = rules.heads
        sources = rules.catalogue.sources
        self._ours = set(pathway_ids())
        guidelines = [
            name
            for name, head in self._heads.items()
            if head.source in sources and sources[head.source].kind is SourceKind.GUIDELINE
        ]
        if not guidelines:
            raise UsageError.of("no pathway of these rules rests on a guideline", "name one by --pathway")
        self.years: Mapping[str, int] = {
            name: sources[self._heads[name].source].year or 0 for name in guidelines
        }
        # Of one year, what a site wrote for itself comes before what comes with Nephroline.
        self._order = sorted(guidelines, key=lambda name: (-self.years[name], name in self._ours, name))

    @property
    def newest(self) -> list[str]:
        """The newest of each disease."""
        found: dict[str, str] = {}
        for name in self._order:
            found.setdefault(self._heads[name].disease, name)
        return list(found.values())

    def told(self, pathway: Pathway, year: int | None) -> str:
        """Which edition was taken, and which was in force in the year of a decision before it."""
        newest = f"{pathway.edition}: the newest edition"
        if year is None or year >= self.years[pathway.id]:
            return newest
        older = [name for name in self._alike(pathway) if self.years[name] <= year]
        if not older:
            return f"{newest}; in {year} no edition known here was in force"
        return f"{newest}; in {year} {self._heads[older[0]].edition} was in force ({older[0]})"

    def passed_over(self, pathway: Pathway) -> Iterator[str]:
        """What else of a site, or of the same year, could have been meant."""
        year = self.years[pathway.id]
        for name in self._alike(pathway):
            if name != pathway.id and self.years[name] == year:
                yield f"{name} is of the same year: ask it by name"
        for name in sorted(self._heads.keys() - self.years.keys() - self._ours):
            yield f"{name} is passed over, because it rests on no guideline: ask it by name"

    def _alike(self, pathway: Pathway) -> list[str]:
        return [name for name in self._order if self._heads[name].disease == pathway.disease]


# -- two diseases that are as possible ---------------------------------------------------------------


def _advice(answer: Consultation) -> object:
    """What an answer comes to about treatment: equal where nothing would be done differently."""
    line = answer.next_line
    if line is None:
        return answer.answer.kind, answer.outlook.answer if answer.outlook is not None else ""
    doses = [(dose.drug, dose.amount, dose.per, dose.most) for dose in line.doses]
    return answer.answer.kind, line.action, line.regimen, line.title, doses


def _undiagnosed(answer: Consultation, *, agreed: bool) -> Consultation:
    """An answer before the diagnosis: the biopsy comes first, and unless all *agreed* it decides."""
    asked = [need for need in answer.needs if need.datum == Entry.BIOPSY]
    rules = sorted({rule for need in asked for rule in need.rules}) or ["applicability"]
    needs = [Need(datum="diagnosis", why=DIAGNOSIS, rules=rules)]
    needs += [need for need in answer.needs if need not in asked]
    line, outlook = answer.next_line, answer.outlook
    if line is not None and not (agreed and line.certain):
        known = {need.why for need in asked}
        depends_on = [DIAGNOSIS, *(why for why in line.depends_on if why not in known)]
        line = msgspec.structs.replace(line, certain=False, depends_on=depends_on)
    if outlook is not None and not (agreed and outlook.verdict is Certain.CERTAIN):
        outlook = _open(outlook, agreed=agreed)
    return msgspec.structs.replace(answer, needs=needs, next_line=line, outlook=outlook)


def _open(outlook: Outlook, *, agreed: bool) -> Outlook:
    verdict = Certain.DEPENDS if outlook.verdict is Certain.CERTAIN else outlook.verdict
    depends_on = [DIAGNOSIS, *(title for title in outlook.depends_on if title != Entry.BIOPSY)]
    # A line that was certain whatever the missing data are was so within one disease.
    answer = outlook.answer if agreed else ""
    return msgspec.structs.replace(outlook, verdict=verdict, answer=answer, depends_on=depends_on)
