"""How a pathway judges a response and an exposure: the two judgements that features ask back for."""

from __future__ import annotations

from nephroline.features import ALL_RESPONSES, Chart, Choice, Missing, gather
from nephroline.lang import Atom, Holds, Seen, judge, truth_of
from nephroline.pathway import ExposureRule, Pathway
from nephroline.record import Assessment, Line
from nephroline.terms import Adequacy, Response

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
    if as_reported(chart, assessment) is None or _measured(chart, assessment):
        by_numbers(pathway, chart, assessment, memo)
    return {atom: seen.truth for atom, seen in memo.items() if not isinstance(atom, Holds)}


def by_numbers(
    pathway: Pathway, chart: Chart, assessment: Assessment, memo: dict[Atom, Seen] | None = None
) -> Choice:
    """The response by the pathway's definitions: the first that holds; *memo* keeps what was looked at.

    Definitions that are unknown leave their response possible. If all fail it is indeterminate.
    """
    see = SeenAt(pathway, assessment, chart, {} if memo is None else memo)
    possible: list[str] = []
    missing: list[Missing] = []
    for response, node in pathway.responses:
        truth, lacking = judge(node, see)
        if truth is False:
            continue
        possible.append(str(response))
        missing += lacking
        if truth:
            break
    else:
        possible.append(str(Response.INDETERMINATE))
    text = " or ".join(word.replace("-", " ") for word in possible)
    settled = len(possible) == 1
    shown = text if settled or len(possible) < len(ALL_RESPONSES) else "unknown"
    return Choice(frozenset(possible), f"{shown} ({assessment.at})", () if settled else gather(missing))


def gap(pathway: Pathway, chart: Chart, assessment: Assessment) -> str | None:
    """Why an assessment is none of the pathway's responses, if one of its named gaps holds."""
    see = SeenAt(pathway, assessment, chart, {})
    return next((because for node, because in pathway.gaps if truth_of(node, see)), None)


def as_reported(chart: Chart, assessment: Assessment) -> Choice | None:
    """The response as the chart reports it in words at this moment."""
    words = {item.word for item in chart.timeline.at("response", assessment.at) if item.word is not None}
    if not words:
        return None
    shown = " or ".join(sorted(word.replace("-", " ") for word in words))
    text = f"{shown} ({assessment.at}, as reported)"
    if len(words) == 1:
        return Choice(frozenset(words), text)
    two = f"two responses are reported at {assessment.at}"
    return Choice(frozenset(words), text, (Missing("response", two),), (f"{two}: neither is used",))


def contradicting(pathway: Pathway, chart: Chart, assessment: Assessment, reported: Choice) -> Choice | None:
    """The response by numbers of the same moment, if it cannot be the reported one."""
    if not _measured(chart, assessment):
        return None
    numbers = by_numbers(pathway, chart, assessment)
    return None if numbers.options & reported.options else numbers


def _measured(chart: Chart, assessment: Assessment) -> bool:
    timeline = chart.timeline
    return any(
        item.value is not None
        for kind in timeline.catalogue.analytes.values()
        if kind.assessment
        for item in timeline.at(kind.id, assessment.at)
    )


def judge_response(pathway: Pathway, chart: Chart, assessment: Assessment) -> Choice:
    """The response at an assessment: as reported, else by numbers; both, if they contradict each other."""
    reported = as_reported(chart, assessment)
    if reported is None:
        return by_numbers(pathway, chart, assessment)
    numbers = contradicting(pathway, chart, assessment, reported)
    if numbers is None:
        return reported
    missing = Missing("response", f"report and numbers disagree at {assessment.at}")
    text = f"{reported.text}, but {numbers.text} by the numbers"
    fault = f"report and numbers disagree: {text}"
    return Choice(reported.options | numbers.options, text, (missing,), (*reported.faults, fault))


def judge_exposure(pathway: Pathway, chart: Chart, line: Line) -> Choice:
    """The exposure on a line: that of its least well exposed agent."""
    found = [_exposure_to(pathway, chart, line, drug) for drug in line.drugs]
    exposure, missing = min(found, key=lambda pair: _WORST_FIRST.index(pair[0]))
    options = {"adequate", "inadequate"} if exposure is Adequacy.UNKNOWN else {str(exposure)}
    return Choice(frozenset(options), str(exposure), missing)


def _exposure_to(
    pathway: Pathway, chart: Chart, line: Line, drug: str
) -> tuple[Adequacy, tuple[Missing, ...]]:
    rule = exposure_rule(pathway, drug)
    title = chart.timeline.catalogue.drugs[drug].title
    if rule is None:
        return Adequacy.UNKNOWN, (
            Missing(f"exposure to {title}", "no definition of adequate exposure to it"),
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
