"""How answers are put into words, the same on every face."""

from __future__ import annotations

from collections.abc import Iterator

from nephroline.consultation import cited, spell
from nephroline.consultation.answer import DoseOut, LineAdvice, PathwayRef, StatementRef, TaperOut
from nephroline.consultation.parts import MonitoringOut, TotalOut
from nephroline.terms import spoken

LEGEND = (
    "[verified] read in the source · [verified-2] in a text about it · [recalled] not yet checked · "
    "[policy] a choice of this rule base"
)


def taken(pathway: PathwayRef) -> str:
    """Which pathway was asked, and why it was chosen if it was not named."""
    because = f", chosen: {'; '.join(pathway.chosen_because)}" if pathway.chosen_because else ""
    return f"by {pathway.id} ({pathway.edition}){because}"


def line_parts(line: LineAdvice) -> Iterator[str]:
    """What else to say of a next line: detail, doses, target, when to judge, what to monitor."""
    if line.detail:
        yield line.detail
    yield from map(dose_told, line.doses)
    if line.target:
        yield f"target: {line.target}"
    if line.taper:
        yield taper_told(line.taper)
    if line.reassess_at:
        yield f"judge at {line.reassess_at.label}"
    for item in line.monitoring:
        yield f"monitor: {item}"


def dose_told(dose: DoseOut) -> str:
    """A dose as printed, and what it is for this patient."""
    most = f", at most {dose.most}" if dose.most else ""
    per = dose.per.removeprefix("day, ").removeprefix("day")
    tag = f" [{dose.confidence}]" if dose.confidence else ""
    here = f" → {dose.for_this_patient}" if dose.for_this_patient else ""
    return f"{spoken(dose.drug)} {dose.amount}{', ' + per if per else ''}{most}{tag}{here}"


def taper_told(taper: TaperOut) -> str:
    """A taper in a line: ``taper: 60 mg/d from 4 mo, 50 mg/d from 4.5 mo, off at 8 mo``."""
    rows = [f"{row.dose} from {row.since.label}" for row in taper.rows]
    end = [f"off at {taper.ends.label}"] if taper.ends else ["then on at that dose"]
    return f"taper: {', '.join([*rows, *end])} [{taper.confidence}]"


def overdue_told(item: MonitoringOut) -> str:
    """Since when a value is overdue: ``due 12 days ago (every month on cyclosporine; last at 4 mo)``."""
    last = f"last at {item.last.label}" if item.last else "none since it began"
    return f"due {ago(item.days_overdue)} ({item.every} on {spoken(item.drug)}; {last})"


def ago(days: float) -> str:
    """How long ago: ``12 days ago``, ``4 months ago``, ``today``."""
    return f"{spell(days)} ago" if days else "today"


_LIFE = 1000.0
"""Weeks from which a length is that of an open past, and is not told."""


def total_told(item: TotalOut) -> str:
    """How much of a drug was given in all."""
    needs = f", needs {'; '.join(item.needs)}" if item.needs else ""
    lasting = f"{item.weeks:g}" if item.weeks_most == item.weeks else f"{item.weeks:g} to {item.weeks_most:g}"
    if item.weeks_most > _LIFE:
        lasting = f"at least {item.weeks:g}"
    return f"{spoken(item.drug)} {item.amount} in {lasting} weeks{needs}"


def authority(statement: StatementRef, on_guideline: bool) -> str:
    """Who says so, how strongly, and how sure this rule base is of it."""
    off = "" if on_guideline else "off-guideline · "
    return f"{off}{cited(statement.citation, statement)} [{statement.confidence}]"


ORDER_TOLD = {
    "not-judged": "Not judged: the edition does not speak of this patient.",
    "no": "No.",
    "already": "It is taken already.",
    "not-now": "Not now: nothing forbids it, but the pathway asks for something else.",
    "unknown": "It fits, but what is missing could forbid it.",
    "first": "Yes, after what comes first.",
    "yes": "Yes: no rule is against it.",
}
"""What each verdict on an order means."""
