"""Editions side by side: at each decision, where pathways agree and differ, and what makes the difference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from nephroline.backends import Backend, backend
from nephroline.consultation import Consultation, Consulted, cited, consulted, headline
from nephroline.lang import threshold_names
from nephroline.pathway import ExposureRule, FindingOf, Pathway
from nephroline.record import Moment, Record
from nephroline.terms import Verdict
from nephroline.truth import some


class Cause(msgspec.Struct, frozen=True):
    """A rule that comes out otherwise, a definition or a limit that differs behind it: what each says.

    `held`: of a rule, whether it holds in each pathway; null where that is unknown.
    """

    title: str
    said: dict[str, str]
    held: dict[str, bool | None] = {}


class Compared(msgspec.Struct, frozen=True):
    """The answers of some pathways at one time; `agree`: they ask for the same.

    `rules` come out otherwise in one pathway than in another; behind them, `definitions` and `limits` differ.
    `details`: what one says of the same next line otherwise than another: authority, dose, target, how.
    `care`: the alerts, and what to do beside the line, that one says otherwise, or does not say (no text).
    """

    at: str
    answers: dict[str, str]
    status: dict[str, str]
    findings: dict[str, list[str]]
    agree: bool
    rules: list[Cause]
    definitions: list[Cause]
    limits: list[Cause]
    details: list[Cause]
    care: list[Cause]


def compare(
    record: Record,
    pathways: Sequence[Pathway],
    as_of: Moment | None = None,
    *,
    most: int | None = None,
    backend_name: str = "durable",
    stops_seen: bool = True,
) -> list[Compared]:
    """Compare pathways at every dated time of a record, or at one. Raises: as `consult`.

    With *most*, at no more of its times than that, evenly chosen, the last among them.
    """
    moments = record.moments(most) if as_of is None else (as_of,)
    engine = backend(backend_name)
    return [_compared(record, pathways, moment, engine, stops_seen) for moment in moments]


def _compared(
    record: Record, pathways: Sequence[Pathway], moment: Moment, engine: Backend, stops_seen: bool
) -> Compared:
    everyone = {p.id: consulted(record, p, moment, engine, stops_seen=stops_seen) for p in pathways}
    # A pathway that does not speak of the patient differs by that alone.
    done = {name: each for name, each in everyone.items() if _speaks(each)}
    answers = {name: _answer(each.consultation) for name, each in everyone.items()}
    status = {name: str(each.consultation.status.response) for name, each in done.items()}
    findings = {name: sorted({f.id for f in each.consultation.findings}) for name, each in done.items()}
    same = all(len({str(said) for said in kind.values()}) == 1 for kind in (answers, status, findings))
    names = (
        [] if same else [name for name in _decisive(done) if len({_held(d, name) for d in done.values()}) > 1]
    )
    definitions, limits = _behind(done, names)
    return Compared(
        at=moment.label,
        answers=answers,
        status=status,
        findings=findings,
        agree=len(set(answers.values())) == 1,
        rules=[
            Cause(
                _title(done, name),
                {p: _said(each, name) for p, each in done.items()},
                {p: _held(each, name) for p, each in done.items()},
            )
            for name in names
        ],
        definitions=list(_definitions(done, definitions)),
        limits=list(_limits(done, limits)),
        details=list(_details(done)) if len(set(answers.values())) == 1 else [],
        care=list(_care(done)),
    )


def _care(done: Mapping[str, Consulted]) -> Iterator[Cause]:
    told: dict[str, dict[str, str]] = {}
    titles: dict[str, str] = {}
    for name, each in done.items():
        answer = each.consultation
        said = [(alert.id, alert.detail) for alert in answer.alerts]
        said += [(action.rule, action.title) for action in answer.actions]
        for rule, text in said:
            told.setdefault(rule, {})[name] = text
            titles.setdefault(rule, each.run.pathway.rules[rule].title)
    for rule, texts in told.items():
        said_by = {name: texts.get(name, "") for name in done}
        if len(set(said_by.values())) > 1:
            yield Cause(titles[rule], said_by)


def _details(done: Mapping[str, Consulted]) -> Iterator[Cause]:
    """What the pathways say otherwise of one next line."""
    told = {name: _parts(each.consultation) for name, each in done.items()}
    for part in dict.fromkeys(part for parts in told.values() for part in parts):
        said = {name: parts.get(part) or "nothing" for name, parts in told.items()}
        if len(set(said.values())) > 1:
            yield Cause(part, said)


def _parts(answer: Consultation) -> dict[str, str]:
    line = answer.next_line
    if line is None:
        return {}
    found = {"authority": cited(line.statement.citation, line.statement)}
    for dose in line.doses:
        found[f"dose of {dose.drug}"] = f"{dose.amount}, {dose.per}"
    return found | {
        "target": line.target,
        "judged at": line.reassess_at.label if line.reassess_at else "",
        "how": line.detail,
    }


def _answer(answer: Consultation) -> str:
    if answer.applicability.verdict is Verdict.DOES_NOT_APPLY:
        return f"{headline(answer)}: {'; '.join(answer.applicability.because)}"
    return headline(answer)


def _speaks(each: Consulted) -> bool:
    return each.consultation.applicability.verdict is not Verdict.DOES_NOT_APPLY


def _decisive(done: Mapping[str, Consulted]) -> dict[str, None]:
    """The rules that conclude findings, and those that chose a next line."""
    return {
        rule.id: None
        for each in done.values()
        for rule in each.run.pathway.rules.values()
        if isinstance(rule.conclusion, FindingOf) or rule.id == _chosen(each)
    }


def _title(done: Mapping[str, Consulted], name: str) -> str:
    known = (each.run.pathway.rules.get(name) for each in done.values())
    return next(rule.title for rule in known if rule is not None)


def _chosen(each: Consulted) -> str | None:
    return each.decision.act.rule.id if each.decision.act else None


def _held(each: Consulted, name: str) -> bool | None:
    rule = each.run.pathway.rules.get(name)
    if rule is None:
        return False
    return some(each.run.settled(rule, subject) for subject in each.run.subjects(rule.scope))


def _said(each: Consulted, name: str) -> str:
    """Why a rule holds in a pathway, or what fails in it."""
    run = each.run
    rule = run.pathway.rules.get(name)
    if rule is None:
        return "no such rule"
    subjects = list(run.subjects(rule.scope))
    if not subjects:
        return "no line of therapy yet"
    holding = next((s for s in subjects if run.stands(rule, s)), None)
    if holding is not None:
        return "holds: " + "; ".join(run.because(rule.when, holding))
    last = subjects[-1]
    if run.when(rule, last) is None:
        return "needs " + "; ".join(item.why for item in run.missing(rule.when, last))
    if run.when(rule, last):
        return "exception: " + "; ".join(run.because(rule.unless, last)) if rule.unless else "holds"
    return "fails: " + "; ".join(run.because(rule.when, last, wanted=False))


def _limits(done: Mapping[str, Consulted], names: Iterable[str]) -> Iterator[Cause]:
    """Of some thresholds, those that have another value in one pathway than in another."""
    for name in names:
        known = {
            pathway: each.run.pathway.thresholds[name]
            for pathway, each in done.items()
            if name in each.run.pathway.thresholds
        }
        said = {pathway: " = ".join(q.text for q in each.forms.values()) for pathway, each in known.items()}
        if len(set(said.values())) > 1:
            yield Cause(next(iter(known.values())).title, said)


def _definitions(done: Mapping[str, Consulted], names: Iterable[str]) -> Iterator[Cause]:
    """Of some definitions, those that ask otherwise in one pathway than in another."""
    for name in names:
        known = {
            pathway: (each.run.pathway, each.run.pathway.definitions[name])
            for pathway, each in done.items()
            if name in each.run.pathway.definitions
        }
        if len({repr(definition.when) for _, definition in known.values()}) > 1:
            said = {name: p.speaker.describe(definition.when) for name, (p, definition) in known.items()}
            yield Cause(next(definition.title for _, definition in known.values()), said)


def _behind(done: Mapping[str, Consulted], names: Iterable[str]) -> tuple[dict[str, None], dict[str, None]]:
    """The definitions and the thresholds on which some rules rest, in any of the pathways.

    How responses are judged counts only if the pathways come to different ones.
    """
    statuses = {str(each.consultation.status.response) for each in done.values()}
    statuses = statuses if len(statuses) > 1 else set[str]()
    definitions: dict[str, None] = {}
    limits: dict[str, None] = {}
    for name in names:
        for each in done.values():
            rule = each.run.pathway.rules.get(name)
            if rule is not None:
                behind = each.run.pathway.depends.nodes_behind(rule, statuses, _exposures(each), definitions)
                for node in behind:
                    limits |= dict.fromkeys(threshold_names(node))
    return definitions, limits


def _exposures(each: Consulted) -> list[ExposureRule]:
    """How the exposure to drugs that were given is judged."""
    catalogue = each.run.pathway.catalogue
    given = {drug for line in each.run.chart.timeline.lines for drug in line.drugs}
    return [e for e in each.run.pathway.exposure if any(catalogue.belongs(drug, e.agent) for drug in given)]
