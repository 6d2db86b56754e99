"""The batch function: charts in, decisions out. What a pool of processes calls, and what Spark can."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Literal

import msgspec
import pyarrow as pa

from nephroline.backends import backend
from nephroline.catalogue import Catalogue
from nephroline.cohort.charts import Row, Unreadable, record_of
from nephroline.cohort.deciding import DecisionRow, LabelKey, LabelRow, of_answer, of_run
from nephroline.cohort.layout import JUDGED, PATIENT
from nephroline.consultation import LazyRun, chart_of, decided, decision_time
from nephroline.errors import InputError
from nephroline.pathway import FindingOf, Pathway, load_rules
from nephroline.record import Line, Moment, Record
from nephroline.selecting import AUTO, Among, among_of, consult, select
from nephroline.terms import Action, Answer, Verdict
from nephroline.truth import Truth, some
from nephroline.yamlfile import listed

Engine = Literal["plain", "consult"]
LATEST, EVERY = "latest", "every"


class CohortQuestion(msgspec.Struct, frozen=True):
    """What is asked of every patient.

    `times`: ``latest``, ``every`` (each time at which something is dated), or times of one's own.
    `engine`: ``plain`` (inferred and decided, without words) or ``consult``; both say the same. `dated`:
    since when each label has been earned is looked for.
    """

    pathway: str = AUTO
    rules: str | None = None
    times: tuple[str, ...] = (LATEST,)
    engine: Engine = "plain"
    dated: bool = True


class Judge:
    """Judges charts by one question; made once in a process."""

    def __init__(self, question: CohortQuestion) -> None:
        self.question = question
        self.base = load_rules(question.rules)
        self.catalogue: Catalogue = self.base.catalogue
        self.among: Among = among_of(self.base, question.pathway)
        self._backend = backend("durable")

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Judge a batch of charts (schema `layout.CHARTS`); gives `layout.JUDGED`."""
        found: list[dict[str, Any]] = []
        for chart in batch.to_pylist():
            found += self._judged(chart)
        return pa.RecordBatch.from_pylist(found, schema=JUDGED)

    def batches(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The same of a stream of batches, as `mapInArrow` calls it."""
        return map(self, batches)

    def _judged(self, chart: Row) -> list[dict[str, Any]]:
        patient = str(chart[PATIENT])
        wrong = listed(chart.get("unreadable"))
        if wrong:
            return [{PATIENT: patient, "unreadable": wrong}]
        try:
            rows = self.rows(record_of(chart, self.catalogue))
        except InputError as bad:
            told = [msgspec.to_builtins(Unreadable.of(patient, problem)) for problem in bad.problems]
            return [{PATIENT: patient, "unreadable": told}]
        return [msgspec.to_builtins(row, builtin_types=(date,)) for row in rows]

    # -- one patient -------------------------------------------------------------------------------------

    def rows(self, record: Record) -> list[DecisionRow]:
        """The decisions on one patient, in order of time. Raises: UsageError for a time that it has not."""
        every = self.question.times == (EVERY,)
        if every:
            moments = record.moments() or (decision_time(record, None),)
        else:
            moments = tuple(
                decision_time(record, None if time == LATEST else time) for time in self.question.times
            )
            moments = tuple(sorted(moments, key=lambda moment: moment.latest))
        rows = [self._row(record, moment, stops_seen=not every) for moment in moments]
        if every:
            self._date_in_order(record, rows, moments)
            self._compare(record, rows, moments)
        elif self.question.dated:
            for row, moment in zip(rows, moments, strict=True):
                self._date(record, row, moment)
        return rows

    def _row(self, record: Record, moment: Moment, *, stops_seen: bool) -> DecisionRow:
        selected = select(record, self.among, moment)
        if self.question.engine == "plain" and not selected.rivals:
            run, decision = decided(record, selected.pathway, moment, self._backend, stops_seen=stops_seen)
            return of_run(run, decision)
        # What two diseases leave open is weighed where answers are made.
        answer = consult(record, selected, moment, stops_seen=stops_seen)
        return of_answer(chart_of(record, selected.pathway, moment, stops_seen=stops_seen), answer)

    # -- since when ----------------------------------------------------------------------------------------

    def _date(self, record: Record, row: DecisionRow, now: Moment) -> None:
        """Walk back through the chart as long as a label was earned without a break."""
        pathway = self._of(row)
        waiting = {label.key: label for label in row.labels}
        for label in row.labels:
            label.since, label.since_at = row.day, row.at
        for moment in reversed(record.moments()):
            if moment.latest >= now.latest:
                continue
            if not waiting:
                return
            for key, truth in _standing(record, pathway, moment, waiting).items():
                if truth:
                    label = waiting[key]
                    label.since, label.since_at = round(float(moment.latest), 1), moment.label
                elif truth is False:
                    # Where it is not known, nothing says that it was lost.
                    del waiting[key]

    def _date_in_order(self, record: Record, rows: Sequence[DecisionRow], moments: Sequence[Moment]) -> None:
        """Since when labels are earned, where every time was asked."""
        held: dict[LabelKey, LabelRow] = {}
        for row, moment in zip(rows, moments, strict=True):
            here = {label.key: label for label in row.labels}
            for key, label in here.items():
                known = held.get(key)
                label.since = row.day if known is None else known.since
                label.since_at = row.at if known is None else known.since_at
            lost = held.keys() - here.keys()
            kept = held.keys() - lost
            if lost:
                standing = _standing(record, self._of(row), moment, lost, stops_seen=False)
                kept |= {key for key, truth in standing.items() if truth is None}
            held = {key: held[key] for key in kept} | here

    def _of(self, row: DecisionRow) -> Pathway:
        return self.among if isinstance(self.among, Pathway) else self.base.pathway(row.pathway)

    # -- what was done ---------------------------------------------------------------------------------------

    def _compare(self, record: Record, rows: Sequence[DecisionRow], moments: Sequence[Moment]) -> None:
        """Set what was begun beside what was advised, at each time at which a line begins."""
        pathway = select(record, self.among, moments[-1]).pathway
        last = moments[-1]
        # What begins on the last day is seen from the next.
        after = msgspec.structs.replace(last, earliest=last.latest + 1, latest=last.latest + 1)
        lines = chart_of(record, pathway, after).timeline.lines
        for i, (row, moment) in enumerate(zip(rows, moments, strict=True)):
            begun = [line for line in lines if line.start.latest == moment.latest]
            if begun:
                row.begun = [drug for line in begun for drug in line.drugs]
                row.concordance = self._verdict(row, begun)
                if row.concordance in (CONCORDANT, ALTERNATIVE):
                    first = i
                    while first and self._verdict(rows[first - 1], begun) == row.concordance:
                        first -= 1
                    row.delay = round(row.day - rows[first].day, 1)

    def _verdict(self, row: DecisionRow, begun: Sequence[Line]) -> str:
        """What was advised at a time, of lines that begin then; by their drugs, whatever the dose is."""
        if row.action == Action.START and self._holds(row.regimen, begun):
            return CONCORDANT
        if any(self._holds(name, begun) for name in row.alternatives):
            return ALTERNATIVE
        if any(self._holds(name, begun) for name in row.blocked):
            return "against-a-block"
        if row.verdict == Verdict.DOES_NOT_APPLY or row.answer == Answer.NEEDS_DATA:
            return "not-judged"
        return "differs" if row.action == Action.START else "not-advised"

    def _holds(self, name: str | None, begun: Sequence[Line]) -> bool:
        """Whether one of some lines is of a regimen: of just its agents."""
        if name is None:
            return False
        agents, within = self.catalogue.regimens[name].agents, self.catalogue.within
        return any(
            all(any(within(drug, agent) for drug in line.drugs) for agent in agents)
            and all(any(within(drug, agent) for agent in agents) for drug in line.drugs)
            for line in begun
        )


CONCORDANT, ALTERNATIVE = "concordant", "alternative"


def _standing(
    record: Record,
    pathway: Pathway,
    moment: Moment,
    wanted: Iterable[LabelKey],
    *,
    stops_seen: bool = True,
) -> dict[LabelKey, Truth]:
    """How some labels stand at a time; only what they ask is looked at."""
    run = LazyRun(pathway, chart_of(record, pathway, moment, stops_seen=stops_seen))
    found: dict[LabelKey, Truth] = dict.fromkeys(wanted, False)
    for rule, finding, subject in run.rules(FindingOf):
        key = (finding.id, subject or None)
        if key in found and found[key] is not True:
            found[key] = some((found[key], run.settled(rule, subject)))
    return found
