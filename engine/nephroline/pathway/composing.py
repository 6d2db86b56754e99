"""Put a pathway together from its own file and the modules that it uses, each reached once.

What uses another may replace its entries by name; two that do not use each other may not state the same one.
A module sees what it states, what it uses, and what it `expects` of those who use it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeVar

import msgspec

from nephroline.errors import PathwayError, Problem, did_you_mean, quoted
from nephroline.pathway.modules import Module, Stated
from nephroline.pathway.shapes import (
    ApplicabilityEntry,
    AuthorityEntry,
    DefinitionEntry,
    ExposureEntry,
    GapEntry,
    OutsideEntry,
    ResponseEntry,
    RuleEntry,
    ThresholdEntry,
)

T = TypeVar("T")
_DEEPEST = 50
Find = Callable[[str, Module], Module]
"""The module of a name, as another one uses it. Raises: PathwayError."""


class Composed(msgspec.Struct, frozen=True, eq=False):
    """All entries of a pathway. `modules`: used ones before those that use them; the pathway itself is last.

    `reach`: for each module, the ids of those that it uses, directly or not, and its own.
    """

    modules: Sequence[Module]
    reach: Mapping[str, frozenset[str]]
    thresholds: Mapping[str, Stated[ThresholdEntry]]
    definitions: Mapping[str, Stated[DefinitionEntry]]
    rules: Mapping[str, Stated[RuleEntry]]
    authority: Mapping[str, Sequence[Stated[AuthorityEntry]]]
    exposure: Sequence[Stated[ExposureEntry]]
    responses: Sequence[Stated[ResponseEntry]]
    indeterminate: Sequence[Stated[GapEntry]]
    population: Sequence[Stated[OutsideEntry]]
    applicability: Sequence[Stated[ApplicabilityEntry]]

    @property
    def head(self) -> Module:
        """The pathway's own file."""
        return self.modules[-1]


def compose(head: Module, find: Find) -> Composed:
    """Put a pathway or edition together. Raises: PathwayError with every problem found."""
    modules, reach, direct = _ordered(head, find)
    problems: list[Problem] = []
    merge = _Merge(reach, problems)
    rules = merge.named([(m, m.rules) for m in modules])
    _without(modules, reach, direct, rules, problems)
    definitions = merge.named([(m, m.definitions) for m in modules])
    exposure = merge.named([(m, {s.entry.agent: s for s in m.exposure}) for m in modules])
    responses = _responses(modules, reach, problems)
    composed = Composed(
        modules=modules,
        reach=reach,
        thresholds=merge.named([(m, m.thresholds) for m in modules]),
        definitions=definitions,
        rules=rules,
        authority=_authority(modules, reach, {**rules, **definitions}, problems),
        exposure=list(exposure.values()),
        responses=responses,
        # What a pathway adds is looked at before what it builds upon.
        indeterminate=[row for m in reversed(modules) for row in m.indeterminate],
        population=[row for m in modules for row in m.population],
        applicability=[row for m in reversed(modules) for row in m.applicability],
    )
    if problems:
        raise PathwayError(problems)
    return composed


def _ordered(
    head: Module, find: Find
) -> tuple[list[Module], dict[str, frozenset[str]], dict[str, list[str]]]:
    """Every module that is reached, once, those that are used first; what each reaches, and uses itself.

    Raises: PathwayError on a circle.
    """
    direct: dict[str, list[str]] = {}
    found: dict[str, Module] = {}
    reach: dict[str, frozenset[str]] = {}

    def visit(module: Module, trail: tuple[str, ...]) -> None:
        if module.id in reach:
            return
        if len(trail) > _DEEPEST:
            wrong = f"modules use each other more than {_DEEPEST} deep"
            raise PathwayError([module.place.problem(wrong, "use them from fewer places")])
        below: set[str] = {module.id}
        direct[module.id] = []
        for i, name in enumerate(module.head.uses):
            place = module.place / "uses" / i
            used = find(name, module)
            direct[module.id].append(used.id)
            way = (*trail, module.id)
            if used.id in way:
                circle = " → ".join((*way[way.index(used.id) :], used.id))
                wrong = f"these use each other in a circle: {circle}"
                raise PathwayError([place.problem(wrong, "break the circle")])
            visit(used, way)
            below |= reach[used.id]
        found[module.id] = module
        reach[module.id] = frozenset(below)

    visit(head, ())
    return list(found.values()), reach, direct


class _Merge(msgspec.Struct):
    reach: Mapping[str, frozenset[str]]
    problems: list[Problem]

    def named(self, tables: Iterable[tuple[Module, Mapping[str, Stated[T]]]]) -> dict[str, Stated[T]]:
        """Entries by name; one replaces another only if it says so, and its module uses the other's."""
        found: dict[str, Stated[T]] = {}
        for module, table in tables:
            for name, stated in table.items():
                known = found.get(name)
                replaces = getattr(stated.entry, "replaces", False)
                below = known is not None and known.module.id in self.reach[module.id]
                if known is not None and not (replaces and below):
                    remedy = "rename one of them"
                    if below:
                        remedy = "add `replaces: true` to replace it, or rename it"
                    wrong = f"{quoted(name)} is taken, by {known.place.text}"
                    self.problems.append(stated.place.problem(wrong, remedy))
                elif known is None and replaces:
                    wrong = f"there is no {quoted(name)} below it to replace"
                    remedy = did_you_mean(name, found, see="remove `replaces`")
                    self.problems.append((stated.place / "replaces").problem(wrong, remedy))
                # What replaces another keeps its place in the order.
                found[name] = stated
        return found


def _responses(
    modules: Sequence[Module], reach: Mapping[str, frozenset[str]], problems: list[Problem]
) -> Sequence[Stated[ResponseEntry]]:
    """What is a response: of the module that states it, or replaces what another one states."""
    stating = [m for m in modules if m.responses]
    for one, other in pairwise(stating):
        if one.id not in reach[other.id]:
            wrong = f"{quoted(other.id)} and {quoted(one.id)} both say what is a response"
            problems.append((other.place / "responses").problem(wrong, "use one of them"))
        elif not all(stated.entry.replaces for stated in other.responses):
            wrong = f"{quoted(one.id)} says already what is a response"
            remedy = "add `replaces: true` to each row, to put them in the place of all of its rows"
            problems.append((other.place / "responses").problem(wrong, remedy))
    return stating[-1].responses if stating else []


def _without(
    modules: Sequence[Module],
    reach: Mapping[str, frozenset[str]],
    direct: Mapping[str, Sequence[str]],
    rules: dict[str, Stated[RuleEntry]],
    problems: list[Problem],
) -> None:
    """Leave out what a pathway does not take over from a whole pathway that it uses."""
    by_id = {module.id: module for module in modules}
    for module in modules:
        uses = [by_id[name] for name in direct[module.id]]
        brought = {name for used in uses if used.is_pathway for name in reach[used.id]}
        chosen = {name for used in uses if not used.is_pathway for name in reach[used.id]}
        for i, name in enumerate(module.head.without):
            place = module.place / "without" / i
            if not brought:
                problems.append(
                    place.problem("`without` is for what a whole pathway brings", "use modules instead")
                )
            elif name not in rules or rules[name].module.id not in brought - chosen:
                known = [n for n, stated in rules.items() if stated.module.id in brought - chosen]
                problems.append(place.problem(f"unknown rule {quoted(name)}", did_you_mean(name, known)))
            else:
                del rules[name]


def _authority(
    modules: Sequence[Module],
    reach: Mapping[str, frozenset[str]],
    stated_by: Mapping[str, Stated[Any]],
    problems: list[Problem],
) -> dict[str, list[Stated[AuthorityEntry]]]:
    """What editions and pathways say of rules and definitions, in the order in which it counts.

    An entry speaks of the rule that its module sees: one that a later module replaces is told anew there.
    """
    found: dict[str, list[Stated[AuthorityEntry]]] = {}
    for module in modules:
        own = {name for m in modules if m.id in reach[module.id] for name in (*m.rules, *m.definitions)}
        for name, stated in module.authority.items():
            if name not in own:
                wrong = f"there is no rule or definition {quoted(name)} of which to say this"
                problems.append(stated.place.problem(wrong, did_you_mean(name, own)))
            elif name in module.head.without:
                wrong = f"{quoted(name)} is left out by `without`"
                problems.append(stated.place.problem(wrong, "remove one of the two"))
            elif name in stated_by and stated_by[name].module.id in reach[module.id]:
                rivals = [o for o in found.get(name, []) if o.module.id not in reach[module.id]]
                if rivals:
                    wrong = f"of {quoted(name)} something is said by {rivals[0].place.text} too"
                    remedy = "let one of the two modules use the other, so that it is known which counts"
                    problems.append(stated.place.problem(wrong, remedy))
                problems += _misfits(stated, stated_by[name].entry)
                found.setdefault(name, []).append(stated)
    return found


_OF_CONCLUSIONS: Mapping[str, tuple[str, ...]] = {
    "recommend": ("says", "detail", "preference", "reassess", "dose"),
    "block": ("until",),
    "alert": ("detail",),
    "finding": (),
}
_OF_RULES = ("kind", "id", "grade", "strength", "certainty", "reviewed", "on_guideline", "rationale")


def _misfits(said: Stated[AuthorityEntry], entry: Any) -> list[Problem]:
    """What an authority says that a definition, or the conclusion of a rule, does not have."""
    words = {name for names in _OF_CONCLUSIONS.values() for name in names}
    if isinstance(entry, DefinitionEntry):
        misfit, what = {*_OF_RULES, *words}, "a definition"
    else:
        kind = next((k for k in _OF_CONCLUSIONS if getattr(entry, k) is not None), "finding")
        misfit, what = (words - set(_OF_CONCLUSIONS[kind])) | {"cite"}, f"a rule with `{kind}`"
    given = [name for name in sorted(misfit) if getattr(said.entry, name) not in (None, "")]
    return [(said.place / name).problem(f"{what} has no {quoted(name)}", "remove it") for name in given]


def names_visible(composed: Composed, module: Module, kind: str) -> set[str]:
    """The names of a kind (`thresholds`, `definitions`, `findings`) that a module may use."""
    expects: Any = getattr(module.head.expects, kind)
    used = [m for m in composed.modules if m.id in composed.reach[module.id]]
    if kind == "findings":
        concluded = (stated.entry.finding for m in used for stated in m.rules.values())
        return {*expects, *(name for name in concluded if name is not None)}
    return {*expects, *(name for m in used for name in getattr(m, kind))}
