"""Read a pathway file into a checked `Pathway`, every problem reported with file, line and column."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from nephroline.catalogue import Catalogue, Regimen, RegimenDose, data_root, load_catalogue
from nephroline.errors import PathwayError, Problem, UsageError, did_you_mean, quoted
from nephroline.features import Threshold
from nephroline.lang import (
    ConditionError,
    Holds,
    Node,
    Shared,
    Vocabulary,
    asks,
    atoms,
    interned,
    parse,
    threshold_names,
)
from nephroline.pathway.models import (
    AFTER_CHOICE,
    WINDOWS,
    Alert,
    Block,
    Clause,
    Conclusion,
    Definition,
    ExposureRule,
    FindingOf,
    Pathway,
    Recommend,
    Rule,
    Statement,
)
from nephroline.pathway.shapes import (
    ApplicabilityEntry,
    DefinitionEntry,
    DoseEntry,
    ExposureEntry,
    GapEntry,
    PathwayFile,
    ResponseEntry,
    RuleEntry,
    StatementEntry,
    ThresholdEntry,
)
from nephroline.pathway.strata import CircleError, stratify
from nephroline.quantities import Quantity, QuantityError
from nephroline.quantities import parse as parse_quantity
from nephroline.shapes import fit
from nephroline.terms import Response, Scope, StatementKind, Strength, Verdict
from nephroline.yamlfile import Document, FieldPath, mapping, read_bytes

T = TypeVar("T")
_NAMED = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_CONCLUSIONS = ("finding", "recommend", "block", "alert")


def pathway_ids() -> tuple[str, ...]:
    """The pathways that come with Nephroline, in order."""
    root = data_root("rules")
    return tuple(
        sorted(
            f"{folder.name}/{file.name.removesuffix('.yaml')}"
            for folder in root.iterdir()
            if folder.is_dir() and folder.name != "catalogue"
            for file in folder.iterdir()
            if file.name.endswith(".yaml")
        )
    )


def load_pathway(name: str | Path) -> Pathway:
    """Load a pathway by id (``kdigo-2012/fsgs``) or from a YAML file.

    Raises:
        UsageError: there is no such pathway.
        PathwayError: the file has problems; all that were found are listed.
    """
    if isinstance(name, Path) or name.endswith((".yaml", ".yml")):
        path = Path(name)
        if not path.is_file():
            raise UsageError.of(f"no such pathway file {quoted(name)}", "check the path")
        return read_pathway(path, str(path))
    return _load_known(name)


@lru_cache(maxsize=32)
def _load_known(name: str) -> Pathway:
    if name not in pathway_ids():
        raise UsageError.of(
            f"unknown pathway {quoted(name)}",
            did_you_mean(name, pathway_ids(), see="`nephroline pathways` lists all"),
        )
    return read_pathway(data_root("rules") / f"{name}.yaml", f"rules/{name}.yaml")


def read_pathway(path: Path, name: str, catalogue: Catalogue | None = None) -> Pathway:
    """Read and check a pathway file; *name* is how errors call it. Raises: PathwayError."""
    document = read_bytes(path.read_bytes(), name, PathwayError)
    return _Reader(document, catalogue or load_catalogue()).pathway()


class _Reader:
    """Read one pathway file on top of what it extends; one use."""

    def __init__(self, document: Document, catalogue: Catalogue) -> None:
        self._document, self._catalogue = document, catalogue
        self._problems: list[Problem] = []
        self._parent: Pathway | None = None
        self._thresholds: dict[str, Threshold] = {}
        self._words = Vocabulary(catalogue, {})
        self._nodes = Shared({}, {})

    def pathway(self) -> Pathway:
        head = fit(self._document, (), self._document.data, PathwayFile, self._problems)
        if head is None:
            raise PathwayError(self._problems)
        self._parent = self._extended(head)
        parent = self._parent
        self._nodes = parent.nodes.copy() if parent else Shared({}, {})
        self._thresholds = dict(parent.thresholds) if parent else {}
        for name, raw in head.thresholds.items():
            entry = fit(self._document, ("thresholds", name), raw, ThresholdEntry, self._problems)
            if entry is not None:
                self._add_threshold(name, entry)
        definition_entries = self._fitted("definitions", head.definitions, DefinitionEntry)
        rule_entries = self._fitted("rules", head.rules, RuleEntry)
        self._words = self._vocabulary(definition_entries, rule_entries, head.without)
        definitions = self._definitions(definition_entries)
        rules = self._rules(rule_entries, head)
        draft = Pathway(
            id=head.pathway,
            title=head.title,
            edition=head.edition,
            disease=head.disease,
            source=self._source(("source",), head.source),
            extends=head.extends,
            catalogue=self._catalogue,
            # In one order, so that where an entry stands says nothing.
            thresholds=dict(sorted(self._thresholds.items())),
            definitions=dict(sorted(definitions.items())),
            rules=_in_order(rules),
            exposure=tuple(
                sorted(
                    self._exposure(head) or (parent.exposure if parent else ()), key=lambda rule: rule.agent
                )
            ),
            responses=self._responses(head) or (parent.responses if parent else ()),
            gaps=self._gaps(head) or (parent.gaps if parent else ()),
            applicability=self._applicability(head) or (parent.applicability if parent else ()),
            strata=(),
            late_strata=(),
            nodes=self._nodes,
        )
        self._check(draft)
        if self._problems:
            raise PathwayError(sorted(self._problems, key=lambda p: (p.line or 0, p.column or 0)))
        return self._stratified(draft)

    # -- parts -----------------------------------------------------------------------------------

    def _complain(self, path: FieldPath, message: str, remedy: str = "") -> None:
        self._problems.append(self._document.problem(path, message, remedy))

    def _extended(self, head: PathwayFile) -> Pathway | None:
        if head.extends is None:
            return None
        if head.extends == head.pathway:
            self._complain(("extends",), "a pathway cannot extend itself", "name another pathway")
            raise PathwayError(self._problems)
        try:
            return _load_known(head.extends)
        except UsageError as bad:
            self._complain(("extends",), bad.problems[0].message, bad.problems[0].help)
            raise PathwayError(self._problems) from None

    def _fitted(self, section: str, rows: list[Any], shape: type[T]) -> list[tuple[int, T]]:
        fitted = [
            (i, fit(self._document, (section, i), row, shape, self._problems)) for i, row in enumerate(rows)
        ]
        return [(i, entry) for i, entry in fitted if entry is not None]

    def _source(self, path: FieldPath, source: str) -> str:
        if source not in self._catalogue.sources:
            self._complain(
                path,
                f"unknown source {quoted(source)}",
                did_you_mean(source, self._catalogue.sources, see="see rules/catalogue/sources.yaml"),
            )
        return source

    def _add_threshold(self, name: str, entry: ThresholdEntry) -> None:
        path: FieldPath = ("thresholds", name)
        if not name.isidentifier() or name in self._catalogue.analytes:
            self._complain(
                path,
                f"{quoted(name)} cannot name a threshold",
                "use letters, digits and _, and no name of an analyte",
            )
        forms: dict[str, Quantity] = {}
        for text in [entry.value] if isinstance(entry.value, str) else entry.value:
            try:
                form = parse_quantity(text, self._catalogue.units)
            except QuantityError as bad:
                self._complain((*path, "value"), str(bad), bad.help)
                continue
            if form.exact is None:
                self._complain((*path, "value"), f"{quoted(text)} is a range", "make two thresholds of it")
            if form.dimension in forms:
                self._complain((*path, "value"), f"{quoted(text)} repeats a form already given", "keep one")
            forms[form.dimension] = form
        source = self._source((*path, "source"), entry.source)
        if forms:
            self._thresholds[name] = Threshold(
                name, entry.title, forms, source, entry.cite, entry.confidence, entry.note
            )

    def _vocabulary(
        self,
        definitions: list[tuple[int, DefinitionEntry]],
        rules: list[tuple[int, RuleEntry]],
        without: list[str],
    ) -> Vocabulary:
        parent = self._parent
        scopes = {d.id: d.scope for d in parent.definitions.values()} if parent else {}
        for i, entry in definitions:
            if (
                not entry.id.isidentifier()
                or entry.id in self._thresholds
                or entry.id in self._catalogue.analytes
            ):
                self._complain(
                    ("definitions", i, "id"),
                    f"{quoted(entry.id)} cannot name a definition",
                    "use letters, digits and _, and no name of a threshold or analyte",
                )
            scopes[entry.id] = entry.of
        findings: dict[str, Scope] = {}
        if parent:
            for name in without:
                if name not in parent.rules:
                    self._complain(
                        ("without",),
                        f"unknown rule {quoted(name)}",
                        did_you_mean(name, parent.rules),
                    )
            for rule in parent.rules.values():
                if isinstance(rule.conclusion, FindingOf) and rule.id not in without:
                    findings[rule.conclusion.id] = rule.scope
        findings |= {entry.finding: entry.scope for _, entry in rules if entry.finding}
        return Vocabulary(self._catalogue, self._thresholds, scopes, findings)

    def _condition(self, path: FieldPath, text: str, scope: Scope) -> Node | None:
        try:
            return interned(parse(text, scope, self._words), self._nodes)
        except ConditionError as bad:
            problem = self._document.problem(path, str(bad), bad.help)
            line, column = _place(self._document, path, bad.line, bad.column)
            self._problems.append(problem._replace(line=line, column=column))
            return None

    def _unique(
        self, section: str, index: int, name: str, known: Mapping[str, Any], *, replaces: bool
    ) -> None:
        inherited = self._parent is not None and name in getattr(self._parent, section)
        if name in known and not (inherited and replaces):
            self._complain(
                (section, index, "id"),
                f"the id {quoted(name)} is taken",
                "add `replaces: true` to replace the inherited one, or rename it",
            )
        if replaces and not inherited:
            self._complain(
                (section, index, "replaces"),
                f"there is no inherited {quoted(name)} to replace",
                "remove `replaces`",
            )

    def _definitions(self, entries: list[tuple[int, DefinitionEntry]]) -> dict[str, Definition]:
        found = dict(self._parent.definitions) if self._parent else {}
        own: dict[str, Definition] = {}
        for i, entry in entries:
            known = own if entry.replaces else {**found, **own}
            self._unique("definitions", i, entry.id, known, replaces=entry.replaces)
            when = self._condition(("definitions", i, "when"), entry.when, entry.of)
            if entry.source:
                self._source(("definitions", i, "source"), entry.source)
            if when is not None:
                own[entry.id] = Definition(
                    entry.id,
                    entry.title,
                    entry.of,
                    when,
                    entry.source,
                    entry.cite,
                    entry.confidence,
                )
        return found | own

    def _rules(self, entries: list[tuple[int, RuleEntry]], head: PathwayFile) -> dict[str, Rule]:
        parent: Mapping[str, Rule] = self._parent.rules if self._parent else {}
        found = {name: rule for name, rule in parent.items() if name not in head.without}
        own: dict[str, Rule] = {}
        for i, entry in entries:
            known = own if entry.replaces else {**found, **own}
            self._unique("rules", i, entry.id, known, replaces=entry.replaces)
            rule = self._rule(i, entry, head.pathway)
            if rule is not None:
                own[entry.id] = rule
        return found | own

    def _rule(self, index: int, entry: RuleEntry, pathway: str) -> Rule | None:
        path: FieldPath = ("rules", index)
        if entry.scope is Scope.ASSESSMENT:
            self._complain(
                (*path, "for"),
                "a rule is about a patient or a line",
                "write `for: line` or leave it out",
            )
            return None
        given = [name for name in _CONCLUSIONS if getattr(entry, name) is not None]
        if len(given) != 1:
            self._complain(
                path,
                f"a rule concludes one thing, got {' and '.join(given) or 'none'}",
                "keep one of finding, recommend, block, alert",
            )
            return None
        statement = self._statement((*path, "statement"), entry.statement, entry.on_guideline)
        conclusion = self._conclusion(path, entry)
        when = self._condition((*path, "when"), entry.when, entry.scope)
        unless = self._condition((*path, "unless"), entry.unless, entry.scope) if entry.unless else None
        if when is None or conclusion is None:
            return None
        return Rule(
            entry.id,
            entry.title,
            entry.scope,
            when,
            unless,
            conclusion,
            statement,
            " ".join(entry.rationale.split()),
            entry.on_guideline,
            pathway,
        )

    def _statement(self, path: FieldPath, entry: StatementEntry, on_guideline: bool) -> Statement:
        source = self._source((*path, "source"), entry.source)
        graded = entry.strength in (Strength.STRONG, Strength.WEAK)
        if graded and (entry.kind is not StatementKind.RECOMMENDATION or not entry.id):
            self._complain(
                path,
                "only a numbered recommendation carries a grade",
                "give `id`, or drop `strength`",
            )
        known = self._catalogue.sources.get(source)
        if known and on_guideline and known.kind in ("case-report", "trial"):
            self._complain(path, f"{known.short} is no guideline", "add `on_guideline: false` to the rule")
        return Statement(source, entry.kind, entry.id, entry.strength, entry.certainty, entry.confidence)

    def _conclusion(self, path: FieldPath, entry: RuleEntry) -> Conclusion | None:
        if entry.finding is not None:
            return FindingOf(entry.finding, entry.outcome)
        if entry.alert is not None:
            return Alert(entry.alert.severity, entry.alert.detail)
        if entry.block is not None:
            return self._block((*path, "block"), entry)
        return self._recommend((*path, "recommend"), entry)

    def _block(self, path: FieldPath, entry: RuleEntry) -> Block | None:
        block = entry.block
        assert block is not None  # noqa: S101
        if (block.regimen is None) == (block.agent is None):
            self._complain(path, "a block names a regimen or an agent", "keep one of the two")
            return None
        if block.regimen is not None and block.regimen not in self._catalogue.regimens:
            self._complain(
                (*path, "regimen"),
                f"unknown regimen {quoted(block.regimen)}",
                did_you_mean(block.regimen, self._catalogue.regimens),
            )
        agents = {*self._catalogue.drugs, *self._catalogue.classes}
        if block.agent is not None and block.agent not in agents:
            self._complain(
                (*path, "agent"),
                f"unknown drug or class {quoted(block.agent)}",
                did_you_mean(block.agent, agents),
            )
        return Block(block.regimen, block.agent, block.until)

    def _recommend(self, path: FieldPath, entry: RuleEntry) -> Recommend | None:
        given = entry.recommend
        assert given is not None  # noqa: S101
        regimen = self._catalogue.regimens.get(given.regimen) if given.regimen else None
        if given.regimen is not None and regimen is None:
            self._complain(
                (*path, "regimen"),
                f"unknown regimen {quoted(given.regimen)}",
                did_you_mean(given.regimen, self._catalogue.regimens),
            )
            return None
        if given.action.of_line and regimen is None and not given.keep and not given.silent:
            self._complain(
                path,
                f"`{given.action}` needs a regimen",
                "name it, or `keep: true` for the running one",
            )
        dose = {drug: _dose(drug, entry, regimen) for drug, entry in given.dose.items()}
        named = [name for one in dose.values() for name in (*one.amount, *([one.most] if one.most else []))]
        names = [*named, *([given.reassess] if given.reassess else [])]
        for name in (*names, *(regimen.thresholds if regimen else ())):
            if name not in self._thresholds:
                self._complain(
                    path, f"unknown threshold {quoted(name)}", did_you_mean(name, self._thresholds)
                )
        for drug in given.dose:
            if drug not in self._catalogue.drugs:
                self._complain(
                    (*path, "dose"),
                    f"unknown drug {quoted(drug)}",
                    did_you_mean(drug, self._catalogue.drugs),
                )
        return Recommend(
            given.action,
            given.regimen,
            given.keep,
            given.title,
            given.detail,
            dose,
            given.preference,
            given.reassess,
            given.silent,
            given.rechallenge,
            given.before_first_dose,
        )

    def _exposure(self, head: PathwayFile) -> tuple[ExposureRule, ...]:
        found: list[ExposureRule] = []
        for i, entry in self._fitted("exposure", head.exposure, ExposureEntry):
            nodes: list[Node | None] = []
            for field in ("adequate", "presumed", "inadequate"):
                text: str | None = getattr(entry, field)
                nodes.append(self._condition(("exposure", i, field), text, Scope.LINE) if text else None)
            if entry.agent not in {*self._catalogue.drugs, *self._catalogue.classes}:
                self._complain(("exposure", i, "for"), f"unknown drug or class {quoted(entry.agent)}")
            if nodes[0] is not None:
                found.append(ExposureRule(entry.agent, nodes[0], nodes[1], nodes[2]))
        return tuple(found)

    def _responses(self, head: PathwayFile) -> tuple[tuple[Response, Node], ...]:
        found: list[tuple[Response, Node]] = []
        for i, entry in self._fitted("responses", head.responses, ResponseEntry):
            node = self._condition(("responses", i, "when"), entry.when, Scope.ASSESSMENT)
            if node is not None:
                found.append((entry.response, node))
        return tuple(found)

    def _gaps(self, head: PathwayFile) -> tuple[tuple[Node, str], ...]:
        found: list[tuple[Node, str]] = []
        for i, entry in self._fitted("indeterminate", head.indeterminate, GapEntry):
            node = self._condition(("indeterminate", i, "when"), entry.when, Scope.ASSESSMENT)
            if node is not None:
                found.append((node, entry.because))
        return tuple(found)

    def _applicability(self, head: PathwayFile) -> tuple[tuple[Verdict, Node, str], ...]:
        found: list[tuple[Verdict, Node, str]] = []
        for i, entry in self._fitted("applicability", head.applicability, ApplicabilityEntry):
            node = self._condition(("applicability", i, "when"), entry.when, Scope.PATIENT)
            if node is not None:
                found.append((entry.verdict, node, entry.because))
        return tuple(found)

    # -- the whole -------------------------------------------------------------------------------

    def _check(self, pathway: Pathway) -> None:
        for name in WINDOWS:
            limit = pathway.thresholds.get(name)
            if limit is None or "time" not in limit.forms:
                self._complain(
                    ("thresholds",),
                    f"the threshold {quoted(name)} is missing",
                    "state it as a time; it says what belongs together",
                )
        if not pathway.responses:
            self._complain((), "the section `responses` is missing", "say when an assessment is a remission")
        for rule in pathway.rules.values():
            conclusion = rule.conclusion
            early = isinstance(conclusion, Block | FindingOf) or (
                isinstance(conclusion, Recommend) and conclusion.action.of_line
            )
            nodes = [rule.when, *([rule.unless] if rule.unless else [])]
            if early and any(q.feature == AFTER_CHOICE for node in nodes for q in asks(node)):
                self._complain(
                    ("rules",),
                    f"the rule {quoted(rule.id)} decides the next line and cannot ask `proposed`",
                    "only alerts and supportive rules may",
                )
        for exposure in pathway.exposure:
            for node in (exposure.adequate, exposure.presumed, exposure.inadequate):
                if node and (
                    any(isinstance(a, Holds) for a in atoms(node))
                    or any(q.feature == "line.exposure" for q in asks(node))
                ):
                    self._complain(
                        ("exposure",),
                        f"the exposure to {exposure.agent} refers to a conclusion",
                        "write it with features and thresholds only",
                    )
        for section in ("rules", "indeterminate"):
            for i, raw in enumerate(mapping(self._document.data).get(section, [])):
                for path, text in _texts(raw, (section, i)):
                    for name in _NAMED.findall(text):
                        if name not in pathway.thresholds:
                            self._complain(
                                path,
                                f"unknown threshold {quoted(name)} in the text",
                                did_you_mean(name, pathway.thresholds),
                            )
        for _, node, _ in pathway.applicability:
            if any(q.feature == AFTER_CHOICE for q in asks(node)):
                self._complain(("applicability",), "applicability cannot ask `proposed`")
        for definition in pathway.definitions.values():
            unknown = [n for n in threshold_names(definition.when) if n not in pathway.thresholds]
            if unknown:
                self._complain(("definitions",), f"unknown threshold {quoted(unknown[0])}")

    def _stratified(self, draft: Pathway) -> Pathway:
        clauses = [
            Clause(f"definition:{d.id}", d.scope, d.when)
            for d in draft.definitions.values()
            if d.scope is not Scope.ASSESSMENT
        ]
        clauses += [Clause(r.clause, r.scope, r.when) for r in draft.rules.values()]
        clauses += [Clause(r.exception, r.scope, r.unless) for r in draft.rules.values() if r.unless]
        findings = {
            name: [clause for r in rules for clause in (r.clause, *([r.exception] if r.unless else []))]
            for name, rules in draft.finding_rules.items()
        }
        try:
            self._assessment_circles(draft)
            strata, late = stratify(clauses, findings)
        except CircleError as circle:
            names = [name.split(":", 1)[1] for name in circle.ids]
            section = "definitions" if circle.ids[0].startswith("definition") else "rules"
            rows = mapping(self._document.data).get(section, [])
            index = next((i for i, row in enumerate(rows) if row.get("id") == names[0]), None)
            self._complain(
                (section, index) if index is not None else (section,),
                f"these refer to each other in a circle: {' → '.join(names)}",
                "break the circle: nothing may depend on itself, least of all through `not`",
            )
            raise PathwayError(self._problems) from None
        return msgspec.structs.replace(draft, strata=strata, late_strata=late)

    def _assessment_circles(self, draft: Pathway) -> None:
        clauses = [
            Clause(f"definition:{d.id}", d.scope, d.when)
            for d in draft.definitions.values()
            if d.scope is Scope.ASSESSMENT
        ]
        stratify(clauses, {})


def _in_order(rules: Mapping[str, Rule]) -> dict[str, Rule]:
    """Rules by what they conclude (findings, recommendations, blocks, alerts), then by id."""
    kinds = (FindingOf, Recommend, Block, Alert)
    return dict(sorted(rules.items(), key=lambda item: (kinds.index(type(item[1].conclusion)), item[0])))


def _texts(raw: Any, path: FieldPath) -> list[tuple[FieldPath, str]]:
    """Every text inside a rule, with its place."""
    if isinstance(raw, dict):
        return [item for key, value in raw.items() for item in _texts(value, (*path, str(key)))]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return [(path, raw)] if isinstance(raw, str) else []


def _place(document: Document, path: FieldPath, line: int, column: int) -> tuple[int | None, int | None]:
    """Carry a place inside a condition to its place in the file, across quotes and folded lines."""
    mark = document.marks.get(path)
    if mark is None:
        return None, None
    if mark.style in ("|", ">"):
        return mark.line + 1 + line, None
    offset = 1 if mark.style else 0
    if mark.end_line == mark.line:
        return mark.line + 1, mark.column + offset + column + 1
    # A scalar over several lines is folded: each line is stripped and joined by one blank.
    first = document.lines[mark.line][mark.column + offset :].rstrip()
    if column <= len(first):
        return mark.line + 1, mark.column + offset + column + 1
    rest = column - len(first) - 1
    for number in range(mark.line + 1, min(mark.end_line + 1, len(document.lines))):
        text = document.lines[number]
        inner = text.strip()
        if rest <= len(inner):
            return number + 1, len(text) - len(text.lstrip()) + rest + 1
        rest -= len(inner) + 1
    return mark.line + 1, None


def _dose(drug: str, entry: str | DoseEntry, regimen: Regimen | None) -> RegimenDose:
    """A dose of a recommendation: a name changes the amount of the regimen's own dose."""
    if isinstance(entry, DoseEntry):
        return RegimenDose(drug, (entry.amount,), entry.per, entry.most)
    own = next((dose for dose in regimen.doses if dose.drug == drug), None) if regimen else None
    return msgspec.structs.replace(own or RegimenDose(drug, (), "day"), amount=(entry,))
