"""The laws of a course, over charts as untidy as people write them: what is advised fits together and what was given."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Iterable
from fractions import Fraction

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from raw import OPEN, days_at_full_dose, days_at_trough, first_given, given_rows, moved, number_of, shuffled
from test_laws import EVERY, EXAMPLES, PATHWAYS, answer, ask, deletions, without_text
from untidy import Case, cases

from nephroline.backends import backend
from nephroline.catalogue import load_catalogue
from nephroline.consultation import Consultation, consult, consulted, summarised
from nephroline.consultation.answer import ActOut, LineAdvice
from nephroline.record import Exposure, Record, read_record
from nephroline.terms import Action, Phase

LAW = settings(
    max_examples=max(EXAMPLES // 4, 1),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
SLOW = settings(LAW, max_examples=max(EXAMPLES // 20, 1))
CATALOGUE = load_catalogue()

# -- law 11: one answer agrees with itself -------------------------------------------------------------

TOGETHER = {frozenset(pair) for pair in (("continue", "hold"), ("reduce", "taper"))}
"""Different things that may be said of one agent in one answer; any other two exclude each other."""
VERBS = ("start", "continue", "raise", "reduce", "taper", "hold", "stop", "undecided")


def related(one: str, other: str) -> bool:
    """Whether two agents, drugs or classes, are the same or one is of the other's class."""
    return one == other or CATALOGUE.within(one, other) or CATALOGUE.within(other, one)


@LAW
@given(cases(), EVERY)
def test_law_11_acts_on_one_agent_never_exclude_each_other(case: Case, pathway: str) -> None:
    acts = ask(case.chart, pathway, case.at).acts
    assert all(act.act in VERBS for act in acts)
    for i, one in enumerate(acts):
        for other in acts[i + 1 :]:
            if related(one.agent, other.agent) and one.act != other.act:
                assert frozenset((one.act, other.act)) in TOGETHER, (
                    f"{one.act} {one.agent}, {other.act} {other.agent}"
                )


def taken(record: Record, at: Fraction) -> list[Exposure]:
    """The rows that run at a time, or may, by the record alone."""
    return [row for row in record.exposures if row.start.earliest < at and not _over(row, record, at)]


def _over(row: Exposure, record: Record, at: Fraction) -> bool:
    """Whether a row has certainly ended: before a time, or just then and nothing of its class goes on."""
    if row.end is None:
        return False
    acts = CATALOGUE.acting_time(row.drug) or Fraction(0)
    last = row.end.latest + acts
    goes_on = any(
        other is not row
        and other.start.latest == at
        and CATALOGUE.class_of_lines(other.drug) == CATALOGUE.class_of_lines(row.drug)
        for other in record.exposures
        if other.drug in CATALOGUE.immunosuppressants
    )
    just_now = last == at and not goes_on and (row.end.precise or "bound" not in OPEN)
    return last < at or just_now


@LAW
@given(cases(), EVERY)
def test_law_11_what_does_not_run_is_not_changed_or_ended(case: Case, pathway: str) -> None:
    record = read_record(case.chart)
    answer = consult(record, PATHWAYS[pathway], case.at, backend_name="reference")
    now = record.clock.read(case.at).latest
    running = {row.drug for row in taken(record, now) if row.purpose is None}
    for act in answer.acts:
        if act.act != "start":
            assert any(related(drug, act.agent) for drug in running), f"{act.act} {act.agent}: {act.rule}"
        elif act.agent != "glucocorticoid" and "begun" not in OPEN:
            goes_on = [row for row in taken(record, now) if row.end is None and row.drug == act.agent]
            assert not goes_on, f"start {act.agent}, which runs: {act.rule}"


def named(text: str) -> set[str]:
    """The immunosuppressants and their classes that a text names."""
    titles = {drug: CATALOGUE.drugs[drug].title for drug in CATALOGUE.immunosuppressants}
    titles |= {kind.id: kind.title for kind in CATALOGUE.classes.values() if kind.immunosuppressant}
    found = {
        name for name, title in titles.items() if re.search(rf"\b{re.escape(title)}\b", text, re.IGNORECASE)
    }
    return {name for name in found if name != "immunosuppressant"}


def begun(acts: list[ActOut], advice: LineAdvice | None) -> set[str]:
    """The agents that an answer begins, and what the regimen has beside them."""
    regimens = {act.regimen for act in acts if act.act == "start" and act.regimen}
    if advice is not None and advice.action is Action.START and advice.regimen is not None:
        regimens.add(advice.regimen)
    found: set[str] = set()
    for name in regimens:
        regimen = CATALOGUE.regimens[name]
        found |= {*regimen.agents, *regimen.adjuncts, *(dose.drug for dose in regimen.doses)}
    return found


@LAW
@given(cases(), EVERY)
def test_law_11_no_drug_is_named_that_is_neither_taken_nor_begun(case: Case, pathway: str) -> None:
    record = read_record(case.chart)
    answer = consult(record, PATHWAYS[pathway], case.at, backend_name="reference")
    now = record.clock.read(case.at).latest
    running = {row.drug for row in taken(record, now)}
    said: list[tuple[str, LineAdvice | None]] = [(act.title, None) for act in answer.acts]
    said += [(line.title, line) for line in (answer.next_line, *answer.alternatives) if line is not None]
    for title, line in said:
        known = running | begun(answer.acts, line)
        for name in named(title):
            assert any(related(name, drug) for drug in known), f"{title} names {name}"


@LAW
@given(cases(), EVERY)
def test_law_11_certain_is_never_said_beside_open_data(case: Case, pathway: str) -> None:
    done = consulted(read_record(case.chart), PATHWAYS[pathway], case.at, backend("reference"))
    line = done.consultation.next_line
    if line is not None and line.certain:
        assert done.consultation.answer.kind != "needs-data"
        assert not done.run.chart.status.provisional
        assert not done.decision.applied.missing
        assert not line.depends_on


@LAW
@given(cases(), EVERY)
def test_law_11_a_dose_that_is_taken_is_not_one_to_raise_to(case: Case, pathway: str) -> None:
    record = read_record(case.chart)
    answer = consult(record, PATHWAYS[pathway], case.at, backend_name="reference")
    now = record.clock.read(case.at).latest
    weight = number_of(case.chart.get("weight"))
    acts = [act.agent for act in answer.acts if act.act == "raise"]
    offered = [line for line in (answer.next_line, *answer.alternatives) if line is not None and acts]
    for dose in (dose for line in offered if line.action is Action.ADJUST for dose in line.doses):
        rows = [
            r
            for r in taken(record, now)
            if CATALOGUE.class_of_lines(r.drug) == CATALOGUE.class_of_lines(dose.drug)
        ]
        if len(rows) != 1 or not dose.greatest.endswith("mg/d"):
            continue
        today = _milligrams(rows[0], dose.drug, weight)
        assert today is None or today < (number_of(dose.greatest) or 0), (
            f"{today} mg/d, to raise to {dose.greatest}"
        )


def _milligrams(row: Exposure, as_drug: str, weight: float | None) -> float | None:
    """What a row makes in mg/d as another drug of its class."""
    factor = CATALOGUE.counted(row.drug, CATALOGUE.class_of_lines(as_drug).id)
    if row.dose is None or row.dose.exact is None or factor is None:
        return None
    amount = float(row.dose.exact * factor)
    match row.dose.dimension:
        case "mass-rate":
            return amount * 1000
        case "dose-rate-per-mass" if weight is not None:
            return amount * weight
        case _:
            return None


# -- law 12: what was given and what was reported count -------------------------------------------------


@LAW
@given(cases(), EVERY)
def test_law_12_what_was_given_is_never_offered_as_new(case: Case, pathway: str) -> None:
    done = consulted(read_record(case.chart), PATHWAYS[pathway], case.at, backend("reference"))
    answer, treatment = done.consultation, done.run.chart.timeline.treatment
    now, lines = done.run.chart.timeline.now, done.run.chart.timeline.lines
    given_before = {
        row.drug
        for row in done.run.chart.timeline.record.exposures
        if row.start.latest < now
        and row.purpose is None
        and row.taken not in ("no", "unknown")
        and Phase.LOW not in (treatment.phases(row) if CATALOGUE.followed(row.drug) else ())
    }
    for line in (answer.next_line, *answer.alternatives):
        if line is None or line.action is not Action.START or line.regimen is None:
            continue
        recommend = PATHWAYS[pathway].rules[line.rule].conclusion
        agents = CATALOGUE.regimens[line.regimen].agents
        old = [agent for agent in agents if any(CATALOGUE.within(drug, agent) for drug in given_before)]
        steroid_again = agents == ("glucocorticoid",) and answer.status.response == "relapse"
        beside = any(len(known.drugs) > 1 and {*old} & {*_classes(known.drugs)} for known in lines)
        together = len(agents) == 1 or any({*agents} <= _classes(known.drugs) for known in lines)
        if len(old) == len(agents) and together and not steroid_again and not (beside and "combined" in OPEN):
            assert getattr(recommend, "rechallenge", False), f"{line.title}, by {line.rule}: {old} was given"


def _classes(drugs: Iterable[str]) -> set[str]:
    """Drugs, with the classes that they make lines as."""
    return {name for drug in drugs for name in (drug, CATALOGUE.class_of_lines(drug).id)}


WORDS = {"remission": "complete-remission"}
"""A remission of which is not said whether it was complete is taken to be so."""


@LAW
@given(cases(), EVERY)
def test_law_12_a_response_in_words_is_never_ignored(case: Case, pathway: str) -> None:
    record = read_record(case.chart)
    answer = consult(record, PATHWAYS[pathway], case.at, backend_name="reference")
    now = record.clock.read(case.at).latest
    seen = [item for item in record.observations if item.at.latest <= now]
    reports = [item for item in seen if item.analyte == "response" and item.word is not None]
    if not reports or not answer.lines or any("disagree" in fault for fault in answer.faults):
        return
    last = max(reports, key=lambda item: item.at.sort_key)
    later = [
        item
        for item in seen
        if CATALOGUE.analytes[item.analyte].assessment and item.at.sort_key > last.at.sort_key
    ]
    told = any(
        row.stopped_for in CATALOGUE.told_by_stops and row.end is not None and row.end.latest > last.at.latest
        for row in record.exposures
    )
    current = now - last.at.latest <= PATHWAYS[pathway].thresholds["current_window"].days
    alone = [item.word for item in reports if item.at.sort_key == last.at.sort_key] == [last.word]
    if not later and not told and current and alone:
        assert answer.status.response == WORDS.get(str(last.word), last.word)


# -- law 8, from the raw record ------------------------------------------------------------------------


@LAW
@given(cases(precise=True), EVERY)
def test_law_8_resistance_is_earned_by_what_was_written(case: Case, pathway: str) -> None:
    """By the text of the chart alone, read anew: days at full dose, and time at the trough."""
    done = consulted(read_record(case.chart), PATHWAYS[pathway], case.at, backend("reference"))
    lines = {line.number: line for line in done.run.chart.timeline.lines}
    now, rules = done.run.chart.timeline.now, PATHWAYS[pathway].thresholds
    for finding in done.consultation.findings:
        if finding.line is None:
            continue
        line = lines[finding.line]
        start, end = line.start.latest, line.end.latest if line.end else now
        if finding.id == "steroid-resistant":
            assert days_at_full_dose(case.chart, start, end) >= rules["steroid_trial"].days
        elif finding.id == "cni-resistant":
            assert end - start >= rules["cni_trial"].days
            of_class = [drug for drug in line.drugs if CATALOGUE.within(drug, "calcineurin-inhibitor")]
            for drug in of_class:
                # What is measured counts from when the drug was begun, also where another was added.
                since = first_given(case.chart, drug, start)
                measured, enough = days_at_trough(case.chart, drug, since, end)
                aimed = any(row.get("trough_target") for row in given_rows(case.chart, drug))
                full = min(rules["cni_trial"].days, end - start)
                assert (aimed and not measured) or enough >= full, f"{drug}: {float(enough)} d"


# -- views and evaluators ------------------------------------------------------------------------------


@LAW
@given(cases(), EVERY)
def test_the_view_before_stops_differs_only_where_something_stops(case: Case, pathway: str) -> None:
    record = read_record(case.chart)
    now = record.clock.read(case.at).latest
    if any(row.end is not None and row.end.latest == now for row in record.exposures):
        return
    seen, unseen = (
        consult(record, PATHWAYS[pathway], case.at, backend_name="reference", stops_seen=seen)
        for seen in (True, False)
    )
    assert seen == summarised(msgspec.structs.replace(unseen, stops_of_the_day="seen"))


@LAW
@given(cases(), EVERY)
def test_law_9_every_evaluator_agrees_on_untidy_charts(case: Case, pathway: str) -> None:
    assert answer(ask(case.chart, pathway, case.at, "shadow")) == answer(ask(case.chart, pathway, case.at))


OF_A_PROVISIONAL_REMISSION = {"relapse", "frequently-relapsing", "steroid-dependent", "cni-dependent"}
"""Findings that may be earned without a value: a remission is taken to be complete until albumin or creatinine tells."""
OF_A_PRESUMED_EXPOSURE = {"cni-resistant"}
"""Findings that may be earned without a trough: a target that is written is presumed to be kept."""


def findings_of(answer: Consultation) -> set[tuple[str, tuple[str, ...]]]:
    """What is earned, with the drugs of the line: a doubtful line before it changes its number only."""
    drugs = {line.n: tuple(line.drugs) for line in answer.lines}
    return {(finding.id, drugs.get(finding.line or 0, ())) for finding in answer.findings}


@SLOW
@given(cases(), EVERY)
def test_law_6_a_deletion_never_gives_another_certain_answer(case: Case, pathway: str) -> None:
    whole = ask(case.chart, pathway, case.at)
    if any("disagree" in fault for fault in whole.faults):
        return
    earned = findings_of(whole)
    for name, changed in deletions(case.chart):
        less = ask(changed, pathway, case.at)
        excused = OF_A_PROVISIONAL_REMISSION
        if name.endswith("_trough"):
            excused = excused | OF_A_PRESUMED_EXPOSURE
        if name.endswith(".dose") and "dose" in OPEN:
            excused = excused | {"steroid-resistant"}
        lost = {found for found in findings_of(less) - earned if found[0] not in excused}
        assert not lost, f"{name}: earned {lost} without it"
        line = less.next_line
        if name.endswith("_trough") and any(found.presumed for found in less.findings):
            # What follows from a level that is presumed, follows from the presumption.
            continue
        if line is not None and line.certain and not (name.endswith(".response") and "report" in OPEN):
            before = whole.next_line
            assert before is not None, (
                f"{name}: {line.title} is certain without it, {whole.answer.kind} with it"
            )
            assert (line.action, line.regimen) == (before.action, before.regimen), (
                f"{name}: {before.title} became {line.title}"
            )


@LAW
@given(cases(), EVERY, st.randoms(use_true_random=False))
def test_law_3_the_order_of_untidy_rows_means_nothing(case: Case, pathway: str, rng: random.Random) -> None:
    assert answer(ask(shuffled(case.chart, rng), pathway, case.at)) == answer(
        ask(case.chart, pathway, case.at)
    )


@LAW
@given(cases(precise=True, style="date"), EVERY, st.integers(1, 4000))
def test_law_5_moving_an_untidy_history_moves_the_answer(case: Case, pathway: str, days: int) -> None:
    later = moved(copy.deepcopy(case.chart), days)
    first, second = ask(case.chart, pathway, case.at), ask(later, pathway, moved(case.at, days))
    assert without_text(first) == without_text(second)
    assert [(a.agent, a.act, a.rule) for a in first.acts] == [(a.agent, a.act, a.rule) for a in second.acts]
    assert first.as_of.offset_days == second.as_of.offset_days
