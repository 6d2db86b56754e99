"""Where the conditions of a pathway stand, how to put another there, and whether that could matter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import msgspec

from nephroline.lang import And, Node, Not, Or, judge
from nephroline.mutation.base import Base
from nephroline.pathway import Clause, Definition, ExposureRule, Pathway, Rule
from nephroline.terms import Scope

Put = Callable[[Pathway, Node | None], Pathway]
"""Puts a condition in the place of another, or takes it out."""

Matters = Callable[[Base, Node | None], bool]
"""Whether a condition in the place of another comes out otherwise at a consultation."""


class Site(msgspec.Struct, frozen=True):
    """A condition: what it is of, which module states it and where, and how to put another there."""

    of: str
    module: str
    at: str
    node: Node
    put: Put
    matters: Matters
    exception: bool = False


def sites(pathway: Pathway) -> Iterator[Site]:
    """Every condition of a pathway."""
    for rule in pathway.rules.values():
        when = partial(_judged, rule.clause, rule.scope, rule.when)
        put = partial(_put_rule, rule, "when", rule.clause)
        yield Site(f"rule {rule.id}", rule.module, rule.place, rule.when, put, when)
        if rule.unless is not None:
            put = partial(_put_rule, rule, "unless", rule.exception)
            excepted = partial(_judged, rule.exception, rule.scope, rule.unless)
            at = f"rule {rule.id}, unless"
            yield Site(at, rule.module, rule.place, rule.unless, put, excepted, exception=True)
    for definition in pathway.definitions.values():
        put = partial(_put_definition, definition)
        matters = (
            partial(_at_assessments, definition.when)
            if definition.scope is Scope.ASSESSMENT
            else partial(_judged, definition.clause, definition.scope, definition.when)
        )
        yield Site(f"definition {definition.id}", definition.module, "", definition.when, put, matters)
    for field in ("responses", "provisional", "unconfirmed"):
        pairs: tuple[tuple[Any, Node], ...] = getattr(pathway, field)
        for i, (response, node) in enumerate(pairs):
            put = partial(_put_pair, field, i, 1)
            yield Site(f"{field} {response}", pathway.id, "", node, put, partial(_at_assessments, node))
    for i, (node, _) in enumerate(pathway.gaps):
        put = partial(_put_pair, "gaps", i, 0)
        yield Site(f"indeterminate {i + 1}", pathway.id, "", node, put, partial(_at_assessments, node))
    for i, (verdict, node, _) in enumerate(pathway.applicability):
        put = partial(_put_applicability, i)
        yield Site(
            f"applicability {i + 1} ({verdict})", pathway.id, "", node, put, partial(_of_patient, node)
        )
    for i, exposure in enumerate(pathway.exposure):
        for word, node in exposure.conditions:
            of = f"exposure to {exposure.agent}, {word}"
            put = partial(_put_exposure, i, word)
            yield Site(of, exposure.module, "", node, put, partial(_on_lines, node))


# -- putting -------------------------------------------------------------------------------------------


def _clauses(strata: Iterable[tuple[Clause, ...]], name: str, node: Node | None) -> tuple[Any, ...]:
    """Strata with another condition for a clause, or without it."""
    return tuple(
        tuple(
            clause if clause.id != name else msgspec.structs.replace(clause, condition=node)
            for clause in stratum
            if clause.id != name or node is not None
        )
        for stratum in strata
    )


def _put_clause(pathway: Pathway, name: str, node: Node | None, **fields: Any) -> Pathway:
    return msgspec.structs.replace(
        pathway,
        strata=_clauses(pathway.strata, name, node),
        late_strata=_clauses(pathway.late_strata, name, node),
        **fields,
    )


def put_rule(pathway: Pathway, rule: Rule, **fields: Any) -> Mapping[str, Rule]:
    """The rules of a pathway with one of them changed."""
    return {**pathway.rules, rule.id: msgspec.structs.replace(rule, **fields)}


def _put_rule(rule: Rule, field: str, clause: str, pathway: Pathway, node: Node | None) -> Pathway:
    return _put_clause(pathway, clause, node, rules=put_rule(pathway, rule, **{field: node}))


def _put_definition(definition: Definition, pathway: Pathway, node: Node | None) -> Pathway:
    changed = msgspec.structs.replace(definition, when=node)
    found = {**pathway.definitions, definition.id: changed}
    return _put_clause(pathway, definition.clause, node, definitions=found)


def _put_pair(field: str, place: int, at: int, pathway: Pathway, node: Node | None) -> Pathway:
    rows = list(getattr(pathway, field))
    row = list(rows[place])
    row[at] = node
    rows[place] = tuple(row)
    return msgspec.structs.replace(pathway, **{field: tuple(rows)})


def _put_applicability(place: int, pathway: Pathway, node: Node | None) -> Pathway:
    old = pathway.applicability[place][1]
    changed = _put_pair("applicability", place, 1, pathway, node)
    population = tuple((node if one is old else one, why) for one, why in pathway.population)
    alone = tuple(node if one is old else one for one in pathway.without_biopsy)
    return msgspec.structs.replace(changed, population=population, without_biopsy=alone)


def _put_exposure(place: int, word: str, pathway: Pathway, node: Node | None) -> Pathway:
    rows: list[ExposureRule] = list(pathway.exposure)
    rows[place] = msgspec.structs.replace(rows[place], **{word: node})
    return msgspec.structs.replace(pathway, exposure=tuple(rows))


# -- whether it matters --------------------------------------------------------------------------------


def _judged(clause: str, scope: Scope, old: Node, base: Base, new: Node | None) -> bool:
    run = base.run
    if base.again((clause,)):
        return True
    for subject in run.subjects(scope):
        before = run.truth(old, subject)
        if before is not (False if new is None else run.truth(new, subject)):
            return True
        # Unknown both times, it may ask for other data.
        if before is None and new is not None and run.missing(old, subject) != run.missing(new, subject):
            return True
    return False


def _of_patient(old: Node, base: Base, new: Node | None) -> bool:
    return _judged("", Scope.PATIENT, old, base, new)


def _at_assessments(old: Node, base: Base, new: Node | None) -> bool:
    assert new is not None  # noqa: S101
    return any(judge(old, see) != judge(new, see) for see in base.assessed)


def _on_lines(old: Node, base: Base, new: Node | None) -> bool:
    assert new is not None  # noqa: S101
    return any(judge(old, see) != judge(new, see) for see in base.exposed)


# -- nodes ---------------------------------------------------------------------------------------------

Path = tuple[int, ...]
"""Where in a condition: the operand, and its operand, and so on."""


def walk(node: Node, path: Path = ()) -> Iterator[tuple[Path, Node]]:
    """Every part of a condition with its place, itself first."""
    yield path, node
    if isinstance(node, (And, Or)):
        for i, operand in enumerate(node.operands):
            yield from walk(operand, (*path, i))
    elif isinstance(node, Not):
        yield from walk(node.operand, (*path, 0))


def rewritten(node: Node, path: Path, part: Node | None) -> Node | None:
    """A condition with another part at a place; None there takes it out of those that it is joined with."""
    if not path:
        return part
    if isinstance(node, (And, Or)):
        operands = [
            rewritten(one, path[1:], part) if i == path[0] else one for i, one in enumerate(node.operands)
        ]
        kept = tuple(one for one in operands if one is not None)
        if len(kept) > 1:
            return type(node)(kept)
        return kept[0] if kept else None
    assert isinstance(node, Not)  # noqa: S101
    inner = rewritten(node.operand, path[1:], part)
    return None if inner is None else Not(inner)
