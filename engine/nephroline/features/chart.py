"""A timeline with what is needed to judge it: series, changes, and the pathway's own judgements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import TypeVar

import msgspec

from nephroline.catalogue import Analyte
from nephroline.exact import Fraction
from nephroline.features.memo import Memo
from nephroline.features.values import Amount, Choice, Missing, Slot, gather
from nephroline.quantities import decimal_text
from nephroline.record import (
    PER_DAY,
    Assertion,
    Assessment,
    Biopsy,
    Condition,
    Exposure,
    Line,
    Moment,
    Observation,
    Timeline,
)
from nephroline.terms import Entry, Response

Dated = TypeVar("Dated", Observation, Condition, Assertion, Biopsy)

Judge = Callable[["Chart", Assessment], Choice]
LineJudge = Callable[["Chart", Line], Choice]

RANK = (
    Response.COMPLETE_REMISSION,
    Response.PARTIAL_REMISSION,
    Response.INDETERMINATE,
    Response.NO_RESPONSE,
)
"""Responses to a line, best first; a relapse counts as no response of its own."""


class Chart(msgspec.Struct, frozen=True, eq=False, dict=True):
    """A timeline, and how a pathway judges an assessment's response and a line's exposure.

    `proposed` are the agents of the next line, once it is chosen.
    """

    timeline: Timeline
    judge_response: Judge
    judge_exposure: LineJudge
    proposed: frozenset[str] = frozenset()
    memo: Memo = msgspec.field(default_factory=Memo)

    # -- series --------------------------------------------------------------------------------

    def called(self, row: Exposure) -> str:
        """What an exposure is called: as in the chart where only its class is known, else by its drug."""
        return row.name or self.timeline.catalogue.drugs[row.drug].title

    def last(self, items: Sequence[Observation], analyte: str, why: str, at: Moment) -> Amount:
        """The last of *items* as an amount; if it is missing, it would be entered at *at*.

        A word that comes last bounds the number before it (worse, rising), or makes it unknown, as an
        explicit unknown does. When two imprecisely dated values may have come in either order, the amount
        lies between them.
        """
        known = self.timeline.catalogue.analytes[analyte]
        dimension = known.dimensions[0]
        missing = (Missing(analyte, why, Slot(Entry.OBSERVATION, analyte, at)),)
        bounding = known.bounding
        if bounding and items and items[-1].word in bounding and items[-1].value is None:
            return self._bounded(items, known, why, at)
        if not items:
            return Amount(None, None, dimension, "unknown", missing, known)
        final = items[-1]
        peers = possibly_last(items)
        if len(peers) == 1 and final.value is not None:
            return self.amount(final)
        numeric = [item for item in peers if item.value is not None]
        silent = [item for item in peers if item.value is None]
        if not numeric or any(item.at.sort_key != numeric[-1].at.sort_key for item in silent):
            # What came last, or may have come last, is a word or explicitly unknown.
            text = f"{final.text} ({final.at})" if final.value is None else "unknown"
            return Amount(None, None, dimension, text, missing, known)
        at_once = [item for item in numeric if item.at.sort_key == numeric[-1].at.sort_key]
        if len(at_once) == len(numeric):
            # Several forms at one moment: the analyte's preferred form is read.
            chosen = min(at_once, key=lambda i: known.dimensions.index(i.value.dimension) if i.value else 9)
            form = chosen.value.dimension if chosen.value else ""
            numeric = [item for item in at_once if item.value and item.value.dimension == form]
            if len({_bounds(item) for item in numeric}) == 1:
                return self.amount(chosen)
        values = [item.value for item in numeric if item.value is not None]
        if len({value.dimension for value in values}) > 1:
            return Amount(None, None, dimension, "unknown", missing, known)
        text = " or ".join(f"{item.text} ({item.at})" for item in numeric)
        return Amount(
            _extreme([v.low for v in values], min),
            _extreme([v.high for v in values], max),
            values[0].dimension,
            f"{text}, order not known",
            (Missing(analyte, f"the dates of {known.title}"),),
            known,
        )

    def _bounded(self, items: Sequence[Observation], known: Analyte, why: str, at: Moment) -> Amount:
        """The number before words that bound it: no less, no more, or as it was; a new number is missing."""
        missing = (Missing(known.id, why, Slot(Entry.OBSERVATION, known.id, at)),)
        bounding = known.bounding
        count = 0
        while count < len(items) and items[-1 - count].word in bounding and items[-1 - count].value is None:
            count += 1
        told, before = items[len(items) - count :], items[: len(items) - count]
        text = f"{told[-1].text} ({told[-1].at})"
        base = self.last(before, known.id, why, at) if before else None
        if base is None or not base.known or before[-1].value is None:
            return Amount(None, None, known.dimensions[0], text, missing, known)
        words = {item.word for item in told}
        rises, falls = words & set(known.at_least), words & set(known.at_most)
        return msgspec.structs.replace(
            base,
            low=None if falls else base.low,
            high=None if rises else base.high,
            text=f"{base.text}, then {text}",
            missing=gather((*base.missing, *missing)) if rises or falls else base.missing,
        )

    def amount(self, item: Observation) -> Amount:
        """An observation with a value as an amount."""
        value = item.value
        assert value is not None  # noqa: S101
        known = self.timeline.catalogue.analytes[item.analyte]
        text, within = f"{item.text} ({item.at})", (value.low_in, value.high_in)
        missing = (
            ()
            if value.exact is not None
            else (
                Missing(
                    known.id,
                    f"{known.title} more exactly: {text}",
                    Slot(Entry.OBSERVATION, known.id, item.at),
                ),
            )
        )
        return Amount(value.low, value.high, value.dimension, text, missing, known, *within)

    def baseline(self, line: Line, analyte: str) -> Amount:
        """The last value up to the start of a line."""
        found = self.memo.baselines.get((line, analyte))
        if found is None:
            title = self.timeline.catalogue.analytes[analyte].title
            items = self.timeline.before(line.start.latest, analyte)
            why = f"{title} when line {line.number} began"
            found = self.memo.baselines[line, analyte] = self.last(items, analyte, why, line.start)
        return found

    def change(self, base: Amount, now: Amount, at: Moment | None = None) -> Amount:
        """(now − base) / base as a ratio, exactly.

        Across forms that do not convert it is unknown; or, with the weight at a time, between the bounds of
        what creatinine is excreted a day.
        """
        missing = gather((*base.missing, *now.missing))
        unknown = Amount(None, None, "ratio", "unknown", missing)
        if not base.known or not now.known:
            return unknown
        carried = now.carried(base.dimension)
        first = base
        if carried is None and at is not None:
            carried, first = self._bridged(now, base, at)
        if carried is None:
            name = now.analyte.id if now.analyte else "value"
            why = f"a value in the form of the baseline ({base.text})"
            return Amount(None, None, "ratio", "unknown", (Missing(name, why),))
        # The least change is to the least value, from the greatest baseline.
        least = _relative(carried.low, first.high)
        most = _relative(carried.high, first.low)
        if least is None and most is None:
            return unknown
        text = f"{_percent(least, most)}: {base.text} → {now.text}"
        within = (carried.low_in and first.high_in, carried.high_in and first.low_in)
        return Amount(least, most, "ratio", text, missing, None, *within)

    def _bridged(self, now: Amount, base: Amount, at: Moment) -> tuple[Amount | None, Amount]:
        """Two forms as amounts a day: that which is a ratio through the creatinine that is excreted."""
        if base.dimension == PER_DAY:
            return self._per_day(now, at), base
        if now.dimension == PER_DAY:
            first = self._per_day(base, at)
            return (now, first) if first is not None else (None, base)
        return None, base

    def _per_day(self, ratio: Amount, at: Moment) -> Amount | None:
        """A ratio to creatinine as an amount a day, between the bounds of the creatinine excreted."""
        bounds, grams = self.timeline.windows.excretion, self.timeline.weight_at(at)
        plain = ratio.carried(_RATIO)
        if bounds is None or grams is None or plain is None:
            return None
        least, most = (rate * grams / 1_000_000 for rate in bounds)
        low = None if plain.low is None else plain.low * least
        high = None if plain.high is None else plain.high * most
        return msgspec.structs.replace(plain, low=low, high=high, dimension=PER_DAY)

    # -- responses -----------------------------------------------------------------------------

    @cached_property
    def responses(self) -> tuple[Choice, ...]:
        """The response at each assessment, in order."""
        return tuple(self._judged(assessment) for assessment in self.timeline.assessments)

    def _judged(self, assessment: Assessment) -> Choice:
        known = self.memo.responses
        if assessment.index not in known:
            known[assessment.index] = self._as_stopped(assessment, self.judge_response(self, assessment))
        return known[assessment.index]

    def _as_stopped(self, assessment: Assessment, choice: Choice) -> Choice:
        """The response at an assessment, without what the reason for stopping its line rules out.

        What values leave open, the chart's own words tell: there was no remission on a line that was
        stopped for no response.
        """
        lines = self.timeline.lines
        line = lines[assessment.line - 1] if assessment.line is not None else None
        told = self.timeline.catalogue.told_by_stops.get((line.stopped_for if line else None) or "")
        if told not in RANK or len(choice.options) == 1 or told not in choice.options:
            return choice
        text = f"{told.replace('-', ' ')} ({assessment.at}, by the reason for stopping)"
        return Choice(frozenset({told}), text)

    def response_at(self, index: int) -> Choice:
        """The response at an assessment that has been judged already."""
        return self._judged(self.timeline.assessments[index])

    def judged(self, line: Line) -> list[tuple[Assessment, Choice]]:
        """Assessments that judge a line, with the response at each."""
        return [
            (assessment, choice)
            for assessment, choice in zip(self.timeline.assessments, self.responses, strict=True)
            if assessment.line == line.number
        ]

    def unassessed(self, why: str, line: Line | None = None) -> Missing:
        """That an assessment is missing: at the end of a line, or now."""
        analyte = self.timeline.catalogue.assessed[0].id
        at = (line.end if line else None) or self.timeline.as_of
        return Missing(analyte, why, Slot(Entry.OBSERVATION, analyte, at))

    def best_response(self, line: Line) -> Choice:
        """The best response at any assessment of a line; without one, any is possible."""
        return self._once("best response", line, self._best_response)

    def _best_response(self, line: Line) -> Choice:
        judged = self.judged(line)
        if not judged:
            missing_one = self.unassessed(f"any assessment in the course {line.begun}", line)
            return Choice(frozenset(RANK), "not assessed", (missing_one,))
        ranks = {len(RANK) - 1}
        missing: list[Missing] = []
        for assessment, choice in judged:
            possible = {self._rank(assessment, r) for r in map(Response, choice.options)}
            ranks = {min(a, b) for a in ranks for b in possible}
            missing += choice.missing
        options = frozenset(str(RANK[rank]) for rank in ranks)
        text = " or ".join(str(RANK[rank]).replace("-", " ") for rank in sorted(ranks))
        return Choice(options, text, gather(missing) if len(options) > 1 else ())

    def _rank(self, assessment: Assessment, response: Response) -> int:
        """The rank of a response; a relapse tells of a remission before it, which no value may show."""
        if response is Response.RELAPSE and self._first_remission_implied(assessment):
            return RANK.index(Response.COMPLETE_REMISSION)
        return RANK.index(response) if response in RANK else len(RANK) - 1

    def _first_remission_implied(self, assessment: Assessment) -> bool:
        """Whether a relapse is the first sign that there was a remission, on the only line so far."""
        if assessment.line != 1:
            return False
        before = (self.response_at(i).options for i in range(assessment.index))
        return not any(options & REMISSIONS for options in before)

    def exposure(self, line: Line) -> Choice:
        """The exposure on a line, by the pathway's own judgement."""
        return self._once("exposure", line, partial(self.judge_exposure, self))

    def _once(self, what: str, line: Line, judge: Callable[[Line], Choice]) -> Choice:
        known = self.memo.lines
        if (what, line) not in known:
            known[what, line] = judge(line)
        return known[what, line]

    @cached_property
    def status(self) -> Choice:
        """The response now: that of the last assessment, if it is recent enough.

        Disease that was never treated and is not in remission is untreated.
        """
        timeline = self.timeline
        never = not timeline.lines and not timeline.unlisted
        untreated = Choice(frozenset({Response.UNTREATED}), "untreated")
        if not timeline.assessments:
            lacking = self.unassessed("the response now")
            return untreated if never else Choice(ALL_RESPONSES, "unknown", (lacking,))
        last = timeline.assessments[-1]
        choice = self.response_at(last.index)
        if timeline.now - last.at.latest > timeline.windows.current:
            why = f"the response now: the last assessment is of {last.at}"
            return untreated if never else Choice(ALL_RESPONSES, "unknown", (self.unassessed(why),))
        if not never:
            return self._moved_since(last, choice)
        active = any(not self.response_at(i).options & REMISSIONS for i in range(last.index))
        reported = timeline.at("response", last.at)
        kept = frozenset(str(o) for o in choice.options if o in REMISSIONS or o == Response.RELAPSE)
        if not active and not reported:
            # What was never surely seen active has not remitted.
            return untreated
        if not kept:
            return untreated
        if kept == choice.options:
            text = f"{choice.text}, without treatment"
            if not reported:
                return msgspec.structs.replace(choice, text=text)
            given = Missing("treatment", "what was given before the remission that is reported")
            return msgspec.structs.replace(choice, text=text, provisional=(*choice.provisional, given))
        return msgspec.structs.replace(choice, options=kept | {str(Response.UNTREATED)})

    def _moved_since(self, last: Assessment, choice: Choice) -> Choice:
        """The response at the last assessment; open where a trend such as falling has come after it."""
        kinds = self.timeline.catalogue.assessed
        words = [
            item
            for kind in kinds
            for item in self.timeline.observations.get(kind.id, ())
            if item.word in (*kind.at_most, *kind.at_least) and item.word in kind.trends
        ]
        later = [item for item in words if item.at.earliest > last.at.latest]
        if not later or not (choice.options <= _NONE_SO_FAR or choice.options <= REMISSIONS):
            return choice
        told = max(later, key=lambda item: item.at.sort_key)
        why = self.unassessed(f"the response now: {told.word} ({told.at}), without a number")
        text = f"{choice.text}, then {told.word} ({told.at})"
        return msgspec.structs.replace(
            choice, options=ALL_RESPONSES, text=text, missing=gather((*choice.missing, why))
        )

    @cached_property
    def status_since(self) -> Assessment | None:
        """The assessment from which the present response has held without a break."""
        found: Assessment | None = None
        first = self.timeline.lines[:1]
        for assessment, choice in zip(
            reversed(self.timeline.assessments), reversed(self.responses), strict=True
        ):
            before_treatment = bool(first) and assessment.at.latest <= first[0].start.latest
            if choice.options != self.status.options or (before_treatment and found is not None):
                break
            found = assessment
        return found


def tail(items: Sequence[Dated], day: Fraction) -> Sequence[Dated]:
    """The end of an ordered series: what came at or after a day, found from the end."""
    start = len(items)
    while start and items[start - 1].at.latest >= day:
        start -= 1
    return items[start:]


def possibly_last(items: Sequence[Dated]) -> Sequence[Dated]:
    """The last of an ordered series, with all of that moment and all that may have come after it."""
    if not items:
        return ()
    final = items[-1]
    if len(items) == 1 or items[-2].at.latest < final.at.earliest:
        return (final,)
    late = tail(items, final.at.earliest)
    # What ended before another certainly was is not the last.
    bound = max(item.at.earliest for item in late)
    return [item for item in late if item.at.latest > bound or item.at.earliest == bound]


REMISSIONS = frozenset((str(Response.COMPLETE_REMISSION), str(Response.PARTIAL_REMISSION)))
_NONE_SO_FAR = frozenset((str(Response.NO_RESPONSE), str(Response.INDETERMINATE)))
_RATIO = "mass-ratio"
ALL_RESPONSES = frozenset(str(r) for r in Response if r not in (Response.UNKNOWN, Response.UNTREATED))


def _extreme(values: list[Fraction | None], pick: Callable[[list[Fraction]], Fraction]) -> Fraction | None:
    known = [value for value in values if value is not None]
    return pick(known) if len(known) == len(values) else None


def _bounds(item: Observation) -> tuple[object, ...]:
    """What a value is, however it is written."""
    value = item.value
    return () if value is None else (value.low, value.high, value.low_in, value.high_in)


def _relative(now: Fraction | None, base: Fraction | None) -> Fraction | None:
    return None if now is None or not base else (now - base) / base


def _percent(least: Fraction | None, most: Fraction | None) -> str:
    """A change between two bounds, in words."""
    low, high = (None if edge is None else _signed(edge) for edge in (least, most))
    if low is None or high is None:
        return f"at least {low}" if low is not None else f"at most {high}"
    return low if least == most else f"{low.removesuffix(' %')} % to {high.removeprefix('+')}"


def _signed(edge: Fraction) -> str:
    return f"{'+' if edge > 0 else ''}{decimal_text(edge * 100, 0)} %"
