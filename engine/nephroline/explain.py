"""Why: the whole tree of reasons behind a finding, recommendation, block or alert."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from nephroline.backends import backend
from nephroline.consultation import Run, cited, consulted, fill
from nephroline.consultation.answer import PathwayRef
from nephroline.errors import UsageError, did_you_mean, quoted
from nephroline.lang import Reason
from nephroline.pathway import Block, FindingOf, Pathway, Recommend, Rule
from nephroline.record import Moment, Record
from nephroline.selecting import Among, select


class Explanation(msgspec.Struct, frozen=True):
    """One rule about one subject: whether it holds, why, and on whose authority.

    `line` is None for a rule about the patient. `exception` is the tree of its `unless`. `pathway`: of
    which the rule is, and why it was asked. `place`: the file and line where the rule stands.
    """

    rule: str
    title: str
    concludes: str
    line: int | None
    truth: bool | None
    reason: Reason
    exception: Reason | None
    authority: str
    rationale: str
    pathway: PathwayRef
    place: str = ""

    def to_data(self) -> dict[str, object]:
        """The explanation as plain data for JSON."""
        return {
            "rule": self.rule,
            "title": self.title,
            "concludes": self.concludes,
            "line": self.line,
            "holds": _word(self.truth),
            "reason": _data(self.reason),
            "unless": _data(self.exception) if self.exception else None,
            "authority": self.authority,
            "rationale": self.rationale,
            "pathway": self.pathway,
        }


def why(
    record: Record,
    pathway: Among = None,
    name: str = "next-line",
    as_of: str | Moment | None = None,
    *,
    backend_name: str = "durable",
    stops_seen: bool = True,
) -> list[Explanation]:
    """Explain a rule, finding, regimen or alert by its id; ``next-line`` is the one that was chosen.

    For a regimen, the rules that offer it and the rules that block it. Without a pathway, the one that
    `consult` would ask. Raises: UsageError for an unknown id, and as `consult`.
    """
    selected = select(record, pathway, as_of)
    pathway = selected.pathway
    done = consulted(record, pathway, as_of, backend(backend_name), stops_seen=stops_seen)
    chosen = done.decision.act
    if name == "next-line":
        if chosen is None:
            because = "; ".join(done.consultation.answer.because)
            raise UsageError.of(
                f"{pathway.id} gives no next line at {done.consultation.as_of.label}: {because}",
                "ask why of a rule, finding or regimen",
            )
        name = chosen.rule.id
    rules = [rule for rule in pathway.rules.values() if name in names_of(rule, pathway)]
    if not rules:
        known = {n for rule in pathway.rules.values() for n in names_of(rule, pathway)}
        raise UsageError.of(
            f"unknown rule, finding or regimen {quoted(name)} in {pathway.id}",
            did_you_mean(name, known, see=f"`nephroline show {pathway.id}` lists the rules"),
        )
    reference = selected.reference
    found = [explanation for rule in rules for explanation in _explanations(done.run, rule, reference)]
    return sorted(found, key=lambda e: (e.truth is not True, e.truth is False))


def names_of(rule: Rule, pathway: Pathway) -> set[str]:
    """The names by which a rule is asked for: its id, its finding, the regimens it is about."""
    conclusion = rule.conclusion
    if isinstance(conclusion, FindingOf):
        return {rule.id, conclusion.id}
    if isinstance(conclusion, Recommend):
        return {rule.id, *([conclusion.regimen] if conclusion.regimen else [])}
    if isinstance(conclusion, Block):
        regimens = pathway.catalogue.regimens.values()
        return {
            rule.id,
            *([conclusion.regimen] if conclusion.regimen else []),
            *(r.id for r in regimens if conclusion.agent and pathway.catalogue.contains(r, conclusion.agent)),
        }
    return {rule.id}


def _explanations(run: Run, rule: Rule, reference: PathwayRef) -> Iterator[Explanation]:
    source = run.pathway.catalogue.sources[rule.statement.source].short
    authority = f"{cited(source, rule.statement)} [{rule.statement.confidence}]"
    for subject in run.subjects(rule.scope):
        exception = run.reason(rule.unless, subject) if rule.unless is not None else None
        yield Explanation(
            rule=rule.id,
            title=rule.title,
            concludes=fill(run.pathway, rule.concludes),
            line=subject or None,
            truth=True if _told(run, rule, subject) else run.settled(rule, subject),
            reason=run.reason(rule.when, subject),
            exception=exception,
            authority=authority,
            rationale=rule.rationale,
            pathway=reference,
            place=rule.place,
        )


def _told(run: Run, rule: Rule, subject: int) -> bool:
    """Whether the answer says it: a finding is earned for good, others stand until an exception is known."""
    return not isinstance(rule.conclusion, FindingOf) and run.stands(rule, subject)


def _word(truth: bool | None) -> str:
    return {True: "yes", False: "no", None: "unknown"}[truth]


def _data(reason: Reason) -> dict[str, object]:
    return {
        "text": reason.text,
        "said": reason.sentence,
        "holds": _word(reason.truth),
        "because": [_data(child) for child in reason.children],
    }
