"""Choosing the pathway: by histology, age and date, and saying why."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from nephroline.consultation import (
    Applied,
    Consultation,
    LazyRun,
    applicability,
    chart_of,
    decision_time,
    same_catalogue,
)
from nephroline.errors import UsageError
from nephroline.pathway import Pathway, RuleBase, load_rules
from nephroline.record import Moment, Record
from nephroline.terms import SourceKind, Verdict

_RANK = {Verdict.APPLIES: 0, Verdict.PROVISIONAL: 1, Verdict.DOES_NOT_APPLY: 2}


class Selected(msgspec.Struct, frozen=True):
    """The pathway that speaks of a patient best, and why; `applies` is false when none does."""

    pathway: Pathway
    because: tuple[str, ...]
    applies: bool


def select_pathway(
    record: Record, as_of: str | Moment | None = None, rules: RuleBase | None = None
) -> Selected:
    """Choose among the pathways that rest on a guideline, of *rules* or of those that come with Nephroline.

    Those that apply come before those that do so provisionally; of these, the latest edition that was out
    in the year of the decision (or the earliest of all, if none was), or the latest of all when the record
    has no calendar dates.
    Raises: as `consult`.
    """
    moment = decision_time(record, as_of)
    year = _year(record, moment)
    rules = rules or load_rules()
    known = [rules.pathway(name) for name in rules.pathway_ids]
    guidelines = [p for p in known if p.catalogue.sources[p.source].kind is SourceKind.GUIDELINE]
    if not guidelines:
        raise UsageError.of("no pathway of these rules rests on a guideline", "name one by --pathway")
    earliest = min(_published(p) for p in guidelines)
    out = [p for p in guidelines if year is None or _published(p) <= max(year, earliest)]
    verdicts = {p.id: _verdict(record, p, moment) for p in out}
    ranks = {p.id: _RANK[verdicts[p.id].verdict] for p in out}
    best = min(ranks.values())
    fitting = [p for p in out if ranks[p.id] == best]
    latest = max(_published(p) for p in fitting)
    chosen = next(p for p in fitting if _published(p) == latest)
    if best == _RANK[Verdict.DOES_NOT_APPLY]:
        reasons: dict[str, list[str]] = {}
        for pathway in out:
            reasons.setdefault(verdicts[pathway.id].because, []).append(pathway.id)
        told = (f"{reason} ({', '.join(names)})" for reason, names in reasons.items())
        return Selected(chosen, ("no pathway applies", *told), applies=False)
    because = [verdicts[chosen.id].because, _edition(chosen, year)]
    others = [p for p in fitting if p.disease != chosen.disease and _published(p) == latest]
    because += [f"{p.id} is as possible: {verdicts[p.id].because}" for p in others]
    return Selected(chosen, tuple(because), applies=True)


def explained(answer: Consultation, selected: Selected) -> Consultation:
    """An answer that also says why its pathway was chosen."""
    reference = msgspec.structs.replace(answer.pathway, chosen_because=list(selected.because))
    return msgspec.structs.replace(answer, pathway=reference)


def _verdict(record: Record, pathway: Pathway, moment: Moment) -> Applied:
    same_catalogue(record, pathway)
    return applicability(LazyRun(pathway, chart_of(record, pathway, moment)))


def _published(pathway: Pathway) -> int:
    return pathway.catalogue.sources[pathway.source].year or 0


def _year(record: Record, moment: Moment) -> int | None:
    zero = record.clock.zero
    return None if zero is None else (zero + timedelta(days=int(moment.latest))).year


def _edition(pathway: Pathway, year: int | None) -> str:
    if year is None:
        return f"{pathway.edition}: the latest edition, because the record has no calendar dates"
    if _published(pathway) > year:
        return f"{pathway.edition}: no edition known here was out in {year}; this is the earliest"
    return f"{pathway.edition}: the latest edition out in {year}"
