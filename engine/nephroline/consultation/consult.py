"""The one question: where does this patient stand at this time, and what is the next line?"""

from __future__ import annotations

import msgspec

from nephroline.backends import Backend, Shadow, backend
from nephroline.consultation.answer import Consultation
from nephroline.consultation.choosing import beside_lines
from nephroline.consultation.decision import Decision, beside, decide
from nephroline.consultation.needs import Lacking
from nephroline.consultation.run import LazyRun, Run, chart_of, prepare, same_catalogue
from nephroline.consultation.summary import summarised
from nephroline.consultation.telling import told
from nephroline.errors import InferenceError, UsageError, quoted
from nephroline.pathway import Pathway
from nephroline.quantities import YEAR, QuantityError
from nephroline.record import Moment, Record

_LONGEST = 150 * YEAR
"""In days; only catches slips of the pen."""


class Consulted(msgspec.Struct, frozen=True, eq=False):
    """A consultation without its summary, the run and decision that it tells, and what it lacks."""

    consultation: Consultation
    run: Run
    decision: Decision
    lacking: Lacking


def consult(
    record: Record,
    pathway: Pathway,
    as_of: str | Moment | None = None,
    *,
    backend_name: str = "durable",
    stops_seen: bool = True,
) -> Consultation:
    """Consult a pathway about a record.

    Args:
        record: the chart.
        pathway: the rules.
        as_of: the decision time (``10 mo``, ``2014-05-31``); nothing later is seen. Without it, the
            last fact of the chart (a planned end is none); never today.
        backend_name: ``durable``, ``reference``, or ``shadow`` (both, compared).
        stops_seen: whether the stops of that very day are, as facts; a replay asks before them.

    Raises:
        UsageError: as-of cannot be read, or the chart has no dated item.
        InferenceError: the inference engine cannot be trusted here; there is no answer.
    """
    done = consulted(record, pathway, as_of, backend(backend_name), stops_seen=stops_seen)
    return summarised(done.consultation)


def consulted(
    record: Record,
    pathway: Pathway,
    as_of: str | Moment | None,
    engine: Backend,
    *,
    stops_seen: bool = True,
) -> Consulted:
    """Consult, and keep what the answer came from. Raises as `consult`."""
    run, decision = decided(record, pathway, as_of, engine, stops_seen=stops_seen)
    answer, lacks = told(run, decision, engine.name)
    return Consulted(answer, run, decision, lacks)


def decided(
    record: Record,
    pathway: Pathway,
    as_of: str | Moment | None,
    engine: Backend,
    *,
    stops_seen: bool = True,
) -> tuple[Run, Decision]:
    """Infer and decide; what comes after the choice of the line may ask what is proposed.

    Raises: as `consult`.
    """
    moment = decision_time(record, as_of)
    same_catalogue(record, pathway)
    run = Run(pathway, chart_of(record, pathway, moment, stops_seen=stops_seen))
    run.fire(prepare(pathway, engine, late=False))
    decision = decide(run)
    run = run.proposing(decision.proposed)
    run.fire(prepare(pathway, engine, late=True))
    if isinstance(engine, Shadow):
        _agree(run, LazyRun(pathway, run.chart))
    if not decision.applied.cares:
        return run, decision
    care_alone = not decision.applies
    on_lines = [act for act in (decision.act, *decision.courses) if act is not None]
    others = beside_lines(run, on_lines, care_alone=care_alone)
    return run, msgspec.structs.replace(decision, beside=beside(run, care_alone=care_alone), on_others=others)


def _agree(run: Run, lazy: LazyRun) -> None:
    """Hold what was inferred against the evaluator that the outlook uses. Raises: InferenceError."""
    for (name, subject), truth in run.truths.items():
        if lazy.clause(name, subject) is not truth:
            raise InferenceError(f"inference and the outlook disagree about {name}; no answer is given")


def decision_time(record: Record, as_of: str | Moment | None) -> Moment:
    """Read the decision time. Raises: UsageError."""
    if isinstance(as_of, Moment):
        moment = as_of
    elif as_of is None:
        last = record.last_fact()
        if last is None:
            raise UsageError.of(
                "the record has no dated item, so there is no time to consult at",
                "give the decision time, or add an observation",
            )
        moment = last
    else:
        try:
            moment = record.clock.read(as_of)
        except QuantityError as bad:
            raise UsageError.of(f"as-of: {bad}", bad.help) from None
    if abs(moment.latest) > _LONGEST:
        side = "after" if moment.latest > 0 else "before"
        raise UsageError.of(
            f"as-of {quoted(moment.label)} lies more than 150 years {side} time zero of the record",
            "check the unit: 10 mo, 3 years, or a date",
        )
    return moment
