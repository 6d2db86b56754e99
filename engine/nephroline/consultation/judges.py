"""How a pathway judges a response and an exposure: the two judgements that features ask back for."""

from __future__ import annotations

import msgspec

from nephroline.features import (
    ALL_RESPONSES,
    Chart,
    Choice,
    Missing,
    gather,
    measured_in_other_form,
)
from nephroline.lang import Atom, Holds, Seen, judge, truth_of
from nephroline.pathway import ExposureRule, Pathway
from nephroline.record import Assessment, Line
from nephroline.terms import REMISSION, Adequacy, Response
from nephroline.truth import Truth

_WORST_FIRST = (Adequacy.INADEQUATE, Adequacy.UNKNOWN, Adequacy.PRESUMED, Adequacy.ADEQUATE)


class SeenAt:
    """How atoms come out at an assessment, kept in *memo*; definitions of assessments are opened up."""

    def __init__(
        self, pathway: Pathway, assessment: Assessment, chart: Chart, memo: dict[Atom, Seen]
    ) -> None:
        self._pathway, self._chart, self._assessment, self._memo = pathway, chart, assessment, memo

    def __call__(self, atom: Atom) -> Seen:
        """An atom with what decided it."""
        found = self._memo.get(atom)
        if found is None:
            if isinstance(atom, Holds):
                truth, missing = judge(self._pathway.definitions[atom.id].when, self)
                found = Seen(truth, missing=missing)
            else:
                found = self._pathway.deciders[atom](self._chart, self._assessment)
            self._memo[atom] = found
        return found


def rests_on(pathway: Pathway, chart: Chart, assessment: Assessment) -> dict[Atom, bool | None]:
    """The atoms that were looked at to judge an assessment, with their truths.

    As long as they come out like this, its response is the same.
    """
    memo: dict[Atom, Seen] = {}
    if as_reported(chart, assessment) is None:
        by_numbers(pathway, chart, assessment, memo)
    elif chart.timeline.measured(assessment.at):
        by_numbers(pathway, chart, _alone(assessment), memo)
    return {atom: seen.truth for atom, seen in memo.items() if not isinstance(atom, Holds)}


def by_numbers(
    pathway: Pathway, chart: Chart, assessment: Assessment, memo: dict[Atom, Seen] | None = None
) -> Choice:
    """The response by the pathway's definitions: the first that holds; *memo* keeps what was looked at.

    Definitions that are unknown leave their response possible, unless it is taken to hold until the rest is
    known. If all fail it is indeterminate.
    """
    see = SeenAt(pathway, assessment, chart, {} if memo is None else memo)
    possible: list[str] = []
    missing: list[Missing] = []
    provisional: tuple[Missing, ...] = ()
    until_known = dict(pathway.provisional)
    for response, node in pathway.responses:
        truth, lacking = judge(node, see)
        if truth is False:
            continue
        taken_so = truth is None and not possible and response in until_known
        if taken_so and truth_of(until_known[response], see):
            truth, provisional, lacking = True, gather(lacking), ()
        possible.append(str(response))
        missing += lacking
        if truth:
            break
    else:
        possible.append(str(Response.INDETERMINATE))
    text = " or ".join(word.replace("-", " ") for word in possible)
    settled = len(possible) == 1
    shown = text if settled or len(possible) < len(ALL_RESPONSES) else "unknown"
    other = _in_another_form(chart, assessment)
    if settled and possible[0] not in _BY_ONE_VALUE and other:
        provisional = (*provisional, other)
    if not settled and not missing:
        missing.append(other or _once_more(chart, assessment))
    doubted, doubt = _doubted(pathway, Response(possible[0]), see) if settled else (False, ())
    told = f"{shown} ({assessment.at})"
    if provisional:
        told += f", provisional: {', '.join(dict.fromkeys(item.why for item in provisional))} not known"
    if doubted and Response(possible[0]) is not Response.RELAPSE:
        because = pathway.doubts.get(Response(possible[0]), "")
        told += f", {because}" if because else ""
        provisional = (*provisional, Missing("response again", because or "the response again"))
    lacks = () if settled else gather(missing)
    return Choice(frozenset(possible), told, lacks, (), provisional, doubted, doubt)


_BY_ONE_VALUE = (Response.COMPLETE_REMISSION,)
"""Responses for which no earlier value is compared."""


def _in_another_form(chart: Chart, assessment: Assessment) -> Missing | None:
    """What would settle a change between an amount a day and a ratio, which is only presumed."""
    timeline = chart.timeline
    for analyte in timeline.catalogue.assessed:
        if analyte.id in timeline.in_one_form:
            continue
        items = timeline.at(analyte.id, assessment.at)
        if measured_in_other_form(chart, assessment, items):
            why = f"{analyte.title} in the form of the values before, such as a 24-hour collection"
            return Missing(f"{analyte.id} in the earlier form", f"{why} ({assessment.at})")
    return None


def _once_more(chart: Chart, assessment: Assessment) -> Missing:
    """What would settle a response of which nothing is missing, but whose values stand in several forms."""
    analyte = chart.timeline.catalogue.assessed[0]
    why = f"{analyte.title} once more, in one form with the values before ({assessment.at})"
    return Missing(f"{analyte.id} in one form", why)


def _doubted(pathway: Pathway, response: Response, see: SeenAt) -> tuple[Truth, tuple[Missing, ...]]:
    """Whether a response waits for another value."""
    node = dict(pathway.unconfirmed).get(response)
    return (False, ()) if node is None else judge(node, see)


def gap(pathway: Pathway, chart: Chart, assessment: Assessment) -> str | None:
    """Why an assessment is none of the pathway's responses, if one of its named gaps holds."""
    see = SeenAt(pathway, assessment, chart, {})
    return next((because for node, because in pathway.gaps if truth_of(node, see)), None)


def as_reported(chart: Chart, assessment: Assessment) -> Choice | None:
    """The response as the chart reports it in words at this moment, or as a reason for stopping tells it.

    A remission of which is not said whether it was complete is taken to be so until that is known.
    """
    timeline = chart.timeline
    words = {item.word for item in timeline.at("response", assessment.at) if item.word is not None}
    how = "as reported"
    stop = timeline.told_by_stops.get(assessment.at)
    if not words and stop is not None:
        words, how = {stop}, "by the reason for stopping"
    if not words:
        return None
    shown = " or ".join(sorted(word.replace("-", " ") for word in words))
    text = f"{shown} ({assessment.at}, {how})"
    if len(words) == 1:
        word = next(iter(words))
        if word == REMISSION:
            kind = Missing("response", f"whether the remission at {assessment.at} was complete or partial")
            return Choice(frozenset({str(Response.COMPLETE_REMISSION)}), text, provisional=(kind,))
        return Choice(frozenset(words), text)
    two = f"two responses are reported at {assessment.at}"
    return Choice(frozenset(words), text, (Missing("response", two),), (f"{two}: neither is used",))


def contradicting(pathway: Pathway, chart: Chart, assessment: Assessment, reported: Choice) -> Choice | None:
    """The response by numbers of the same moment, if it cannot be the reported one.

    A value of before, such as an albumin that was low then, is no word against a report.
    """
    if not chart.timeline.measured(assessment.at):
        return None
    numbers = by_numbers(pathway, chart, _alone(assessment))
    return None if numbers.options & reported.options else numbers


def _alone(assessment: Assessment) -> Assessment:
    return msgspec.structs.replace(assessment, alone=True)


def judge_response(pathway: Pathway, chart: Chart, assessment: Assessment) -> Choice:
    """The response at an assessment: as reported, else by numbers; both, if they contradict each other."""
    reported = as_reported(chart, assessment)
    if reported is None:
        return by_numbers(pathway, chart, assessment)
    numbers = contradicting(pathway, chart, assessment, reported)
    if numbers is None:
        return reported
    # Without the numbers: where they are only supposed, they stand on no chart.
    missing = Missing("response", f"the report and the numbers of {assessment.at} disagree")
    text = f"{reported.text}, but {numbers.text} by the numbers"
    fault = f"report and numbers disagree: {text}"
    return Choice(reported.options | numbers.options, text, (missing,), (*reported.faults, fault))


def judge_exposure(pathway: Pathway, chart: Chart, line: Line) -> Choice:
    """The exposure on a line: that of its least well exposed agent."""
    found = [_exposure_to(pathway, chart, line, drug) for drug in _once_each_class(chart, line)]
    if not found:
        return Choice(frozenset({"adequate", "inadequate"}), str(Adequacy.UNKNOWN), ())
    exposure, missing = min(found, key=lambda pair: _WORST_FIRST.index(pair[0]))
    options = {"adequate", "inadequate"} if exposure is Adequacy.UNKNOWN else {str(exposure)}
    return Choice(frozenset(options), str(exposure), missing)


def _once_each_class(chart: Chart, line: Line) -> list[str]:
    """The agents of a line; of a class that is followed one stands for all."""
    catalogue = chart.timeline.catalogue
    kinds = {catalogue.class_of_lines(d).id if catalogue.followed(d) else d: d for d in reversed(line.drugs)}
    return list(kinds.values())


def _exposure_to(
    pathway: Pathway, chart: Chart, line: Line, drug: str
) -> tuple[Adequacy, tuple[Missing, ...]]:
    rule = exposure_rule(pathway, drug)
    title = chart.timeline.catalogue.drugs[drug].title
    if rule is None:
        return Adequacy.UNKNOWN, (
            Missing(f"exposure to {title}", f"no source here says which exposure to {title} is adequate"),
        )
    deciders = pathway.deciders

    def see(atom: Atom) -> Seen:
        return deciders[atom](chart, line)

    adequate, missing = judge(rule.adequate, see)
    if adequate:
        return Adequacy.ADEQUATE, ()
    if rule.inadequate is not None and truth_of(rule.inadequate, see):
        return Adequacy.INADEQUATE, ()
    if rule.presumed is not None and truth_of(rule.presumed, see):
        return Adequacy.PRESUMED, missing
    return Adequacy.UNKNOWN, missing


def exposure_rule(pathway: Pathway, drug: str) -> ExposureRule | None:
    """The exposure rule of the drug itself, else of its class."""
    own = [r for r in pathway.exposure if r.agent == drug]
    wider = [r for r in pathway.exposure if pathway.catalogue.belongs(drug, r.agent)]
    return next(iter(own or wider), None)
