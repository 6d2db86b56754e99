"""From composed entries to a checked `Pathway`, every problem reported with file, line and column."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from keyword import iskeyword
from typing import Any, cast

import msgspec

from nephroline.catalogue import Catalogue
from nephroline.errors import PathwayError, Problem, did_you_mean, quoted
from nephroline.features import FEATURES, Threshold
from nephroline.lang import (
    ConditionError,
    Is,
    Node,
    Or,
    Shared,
    Vocabulary,
    interned,
    parse,
    threshold_names,
)
from nephroline.pathway.authority import told
from nephroline.pathway.checks import check, findings_in, names_in, references
from nephroline.pathway.composing import Composed, names_visible
from nephroline.pathway.concluding import Concluder, unsourced
from nephroline.pathway.conclusions import Alert, Block, FindingOf, Recommend
from nephroline.pathway.models import (
    Definition,
    ExposureRule,
    Pathway,
    Rule,
)
from nephroline.pathway.modules import Module, Stated
from nephroline.pathway.months import in_days, of_calendar
from nephroline.pathway.shapes import PathwayFile, RuleEntry, ThresholdEntry
from nephroline.pathway.strata import CircleError, strata_of
from nephroline.quantities import Quantity, QuantityError
from nephroline.quantities import parse as parse_quantity
from nephroline.terms import Confidence, Response, Scope, StatementKind, Verdict
from nephroline.yamlfile import Place

ANOTHER_DISEASE = "the biopsy shows another disease"


def build(composed: Composed, catalogue: Catalogue) -> Pathway:
    """Check and type everything. Raises: PathwayError with every problem found."""
    return _PathwayBuilder(composed, catalogue).pathway()


class _PathwayBuilder:
    """Build one pathway; one use."""

    def __init__(self, composed: Composed, catalogue: Catalogue) -> None:
        self._composed, self._catalogue = composed, catalogue
        self._problems: list[Problem] = []
        self._nodes = Shared({}, {})
        self._thresholds: dict[str, Threshold] = {}
        self._words = Vocabulary(catalogue, {})
        self._seen: dict[tuple[str, str], set[str]] = {}

    def pathway(self) -> Pathway:
        composed = self._composed
        for name, stated in composed.thresholds.items():
            self._add_threshold(name, stated)
        expected = self._expected()
        self._words = self._vocabulary(expected)
        definitions = self._definitions()
        rules = self._rules()
        head = composed.head.head
        disease = head.disease if isinstance(head, PathwayFile) else ""
        population = tuple(
            (node, s.entry.because)
            for s in composed.population
            if (node := self._condition(s.place / "when", s.entry.when, Scope.PATIENT, s.module))
        )
        applicability, without_biopsy = self._applicability(population, head)
        draft = Pathway(
            id=composed.head.id,
            title=head.title,
            edition=head.edition or head.title,
            disease=disease,
            source=self._source(composed.head.place / "source", head.source or "", composed.head),
            modules={m.id: m.head.title for m in composed.modules},
            catalogue=self._catalogue,
            # In one order, so that where an entry stands says nothing.
            thresholds=dict(sorted(self._thresholds.items())),
            definitions=dict(sorted(definitions.items())),
            rules=_in_order(rules),
            exposure=tuple(sorted(self._exposure(), key=lambda rule: rule.agent)),
            responses=self._responses("when"),
            provisional=self._responses("provisional"),
            unconfirmed=self._responses("unconfirmed"),
            doubts={s.entry.response: " ".join(s.entry.because.split()) for s in composed.responses},
            gaps=tuple(
                (node, s.entry.because)
                for s in composed.indeterminate
                if (node := self._condition(s.place / "when", s.entry.when, Scope.ASSESSMENT, s.module))
            ),
            population=population,
            applicability=applicability,
            without_biopsy=without_biopsy,
            expected_findings=tuple(sorted(expected)),
            strata=(),
            late_strata=(),
            nodes=self._nodes,
        )
        self._texts()
        self._contracts()
        self._problems += check(draft, composed)
        if self._problems:
            raise PathwayError(sorted(dict.fromkeys(self._problems), key=Problem.in_file))
        return self._stratified(draft)

    # -- names -----------------------------------------------------------------------------------

    def _complain(self, place: Place, message: str, remedy: str = "") -> None:
        self._problems.append(place.problem(message, remedy))

    def _source(self, place: Place, source: str, module: Module) -> str:
        found = source or module.head.source or ""
        wrong = unsourced(found, self._catalogue)
        if wrong is not None:
            self._complain(place, *wrong)
        return found

    def _add_threshold(self, name: str, stated: Stated[Any]) -> None:
        place, entry = stated.place, stated.entry
        if not _nameable(name) or name in self._catalogue.analytes:
            self._complain(
                place,
                f"{quoted(name)} cannot name a threshold",
                "use letters, digits and _, and no name of an analyte or question",
            )
        forms: dict[str, Quantity] = {}
        for text in [entry.value] if isinstance(entry.value, str) else entry.value:
            try:
                form = parse_quantity(text, self._catalogue.units)
            except QuantityError as bad:
                self._complain(place / "value", str(bad), bad.help)
                continue
            if form.exact is None:
                self._complain(place / "value", f"{quoted(text)} is a range", "make two thresholds of it")
            if form.dimension in forms:
                self._complain(place / "value", f"{quoted(text)} repeats a form already given", "keep one")
            forms[form.dimension] = self._counted(place, entry, form)
        source = self._source(place / "source", entry.source or "", stated.module)
        if forms:
            self._thresholds[name] = Threshold(
                name, entry.title, forms, source, entry.cite, entry.confidence, entry.note
            )

    def _counted(self, place: Place, entry: ThresholdEntry, form: Quantity) -> Quantity:
        """A length in months or years in the days for which it counts."""
        calendar = of_calendar(form)
        if calendar and entry.counts is None:
            remedy = "add `counts: minimum` (so long at least), or `counts: window` (within so long)"
            self._complain(place, f"{quoted(form.text)} is of more than one number of days", remedy)
        elif entry.counts is not None and not calendar:
            self._complain(place / "counts", "only a length in months or years counts so", "remove it")
        return in_days(form, entry.counts) if calendar and entry.counts is not None else form

    def _expected(self) -> set[str]:
        """Findings that may be asked for although no rule concludes them."""
        concluded = {s.entry.finding for s in self._composed.rules.values()}
        asked = {name for m in self._composed.modules for name in m.head.expects.findings}
        return asked - concluded

    def _vocabulary(self, expected: Iterable[str]) -> Vocabulary:
        scopes: dict[str, Scope] = {}
        for name, stated in self._composed.definitions.items():
            if not _nameable(name) or name in self._thresholds or name in self._catalogue.analytes:
                self._complain(
                    stated.place / "id",
                    f"{quoted(name)} cannot name a definition",
                    "use letters, digits and _, and no name of a threshold, analyte or question",
                )
            scopes[name] = stated.entry.of
        findings = dict.fromkeys(expected, Scope.LINE)
        rules = [s.entry for s in self._composed.rules.values()]
        findings |= {entry.finding: entry.scope for entry in rules if entry.finding}
        return Vocabulary(self._catalogue, self._thresholds, scopes, findings)

    def _condition(self, place: Place, text: str, scope: Scope, module: Module) -> Node | None:
        try:
            node = interned(parse(text, scope, self._words), self._nodes)
        except ConditionError as bad:
            line, column = place.inside(bad.line, bad.column)
            self._problems.append(place.problem(str(bad), bad.help)._replace(line=line, column=column))
            return None
        self._visible(place, module, "thresholds", threshold_names(node))
        self._visible(place, module, "definitions", references(node, findings=False))
        self._visible(place, module, "findings", references(node, findings=True))
        return node

    def _visible(self, place: Place, module: Module, kind: str, names: Iterable[str]) -> None:
        """Complain of what a module names, but neither states, uses nor expects."""
        if module is self._composed.head:
            return
        if (module.id, kind) not in self._seen:
            self._seen[module.id, kind] = names_visible(self._composed, module, kind)
        for name in names:
            if name not in self._seen[module.id, kind]:
                self._complain(
                    place,
                    f"{quoted(name)} is not of {quoted(module.id)}",
                    f"declare it under `expects`, {kind}; or use the module that states it",
                )

    def _texts(self) -> None:
        """Complain of thresholds that texts and conclusions name, and the module does not have."""
        for module in self._composed.modules:
            for place, name in module.named_in_texts:
                if name in self._thresholds:
                    self._visible(place, module, "thresholds", [name])

    def _contracts(self) -> None:
        """Complain of what a module expects and nobody supplies, or of another kind, or for nothing."""
        for module in self._composed.modules:
            expects, named, asked = module.head.expects, names_in(module), findings_in(module)
            place = module.place / "expects"
            for name, dimension in expects.thresholds.items():
                limit = self._thresholds.get(name)
                if limit is None:
                    self._unmet(place / "thresholds" / name, module, "threshold", name)
                elif dimension not in limit.forms:
                    wrong = f"{quoted(module.id)} expects {quoted(name)} as a {dimension}"
                    given = f"it is given as {' and '.join(limit.forms)}"
                    self._complain(self._composed.thresholds[name].place, wrong, given)
            for name, scope in expects.definitions.items():
                known = self._composed.definitions.get(name)
                if known is None:
                    self._unmet(place / "definitions" / name, module, "definition", name)
                elif known.entry.of is not scope:
                    wrong = f"{quoted(module.id)} expects {quoted(name)} of a {scope}"
                    self._complain(known.place / "of", wrong, f"it is of a {known.entry.of}")
            for kind in ("thresholds", "definitions", "findings"):
                for name in getattr(expects, kind):
                    if name not in (asked if kind == "findings" else named):
                        wrong = f"expects {quoted(name)}, but does not use it"
                        self._complain(place / kind / name, wrong, "remove it")

    def _unmet(self, place: Place, module: Module, kind: str, name: str) -> None:
        wrong = f"{quoted(module.id)} expects the {kind} {quoted(name)}, and nobody states it"
        self._complain(place, wrong, "state it in the edition or the pathway")

    # -- parts -----------------------------------------------------------------------------------

    def _responses(self, field: str) -> tuple[tuple[Response, Node], ...]:
        """One of the conditions of each response that has it."""
        found: list[tuple[Response, Node]] = []
        for stated in self._composed.responses:
            text: str | None = getattr(stated.entry, field)
            if text is not None:
                node = self._condition(stated.place / field, text, Scope.ASSESSMENT, stated.module)
                if node is not None:
                    found.append((stated.entry.response, node))
        return tuple(found)

    def _definitions(self) -> dict[str, Definition]:
        found: dict[str, Definition] = {}
        for name, stated in self._composed.definitions.items():
            entry, module = stated.entry, stated.module
            when = self._condition(stated.place / "when", entry.when, entry.of, module)
            said = self._composed.authority.get(name, ())
            source, cite, confidence, title = entry.source or "", entry.cite, entry.confidence, entry.title
            for one in said:
                source = one.entry.source or one.module.head.source or source
                cite, confidence = one.entry.cite or cite, one.entry.confidence or confidence
                title = one.entry.title or title
            if not said and confidence is not None:
                source = source or module.head.source or ""
            if source:
                self._source(stated.place / "source", source, module)
            if when is not None:
                found[name] = Definition(
                    name,
                    title,
                    entry.of,
                    when,
                    source,
                    cite,
                    confidence or Confidence.POLICY,
                    stated.module.id,
                )
        return found

    def _rules(self) -> dict[str, Rule]:
        found: dict[str, Rule] = {}
        for name, stated in self._composed.rules.items():
            rule = self._rule(stated)
            if rule is not None:
                found[name] = rule
        return found

    def _rule(self, stated: Stated[RuleEntry]) -> Rule | None:
        place, module = stated.place, stated.module
        said = told(stated, self._composed.authority.get(stated.entry.id, ()))
        entry = said.entry
        for field, name in (("id", entry.id), ("finding", entry.finding)):
            if name is not None and not _ID.fullmatch(name):
                remedy = "use small letters, digits and -"
                self._complain(place / field, f"{quoted(name)} cannot be an id", remedy)
        if entry.scope is Scope.ASSESSMENT:
            self._complain(
                place / "for", "a rule is about a patient or a line", "write `for: line` or leave it out"
            )
            return None
        if entry.outcome is not None and (entry.finding is None or entry.scope is not Scope.LINE):
            self._complain(place / "outcome", "only a finding about a line has an outcome", "remove it")
        for field in ("title", "rationale"):
            if "{" in getattr(entry, field):
                self._complain(place / field, "no number is put in here", "name it in `detail`, or in words")
        concluding = Concluder(self._catalogue, self._thresholds, self._problems)
        conclusion = concluding.conclusion(place, entry)
        statement = concluding.statement(said)
        when = self._condition(place / "when", entry.when, entry.scope, module)
        unless = (
            self._condition(place / "unless", entry.unless, entry.scope, module) if entry.unless else None
        )
        if when is None or conclusion is None or statement is None:
            return None
        return Rule(
            id=entry.id,
            title=entry.title,
            scope=entry.scope,
            when=when,
            unless=unless,
            conclusion=conclusion,
            statement=statement,
            rationale=" ".join(entry.rationale.split()),
            on_guideline=entry.on_guideline and statement.kind is not StatementKind.POLICY,
            module=module.id,
            place=place.text,
            care=any(m.care and entry.id in m.rules for m in self._composed.modules),
        )

    def _exposure(self) -> tuple[ExposureRule, ...]:
        found: list[ExposureRule] = []
        agents = {*self._catalogue.drugs, *self._catalogue.classes}
        for stated in self._composed.exposure:
            entry = stated.entry
            nodes: list[Node | None] = []
            for field in ("adequate", "presumed", "inadequate"):
                text: str | None = getattr(entry, field)
                place = stated.place / field
                nodes.append(self._condition(place, text, Scope.LINE, stated.module) if text else None)
            if entry.agent not in agents:
                self._complain(
                    stated.place / "for",
                    f"unknown drug or class {quoted(entry.agent)}",
                    did_you_mean(entry.agent, agents),
                )
            if nodes[0] is not None:
                found.append(ExposureRule(entry.agent, nodes[0], nodes[1], nodes[2], stated.module.id))
        return tuple(found)

    def _applicability(
        self, population: Sequence[tuple[Node, str]], head: Any
    ) -> tuple[tuple[tuple[Verdict, Node, str], ...], tuple[Node, ...]]:
        """Outside the population, then closed to other diseases, then what the pathway itself says.

        Beside it, which of that names the disease without a biopsy.
        """
        found = [(Verdict.DOES_NOT_APPLY, node, because) for node, because in population]
        found += self._closed(head)
        named: list[Node] = []
        for stated in self._composed.applicability:
            entry = stated.entry
            node = self._condition(stated.place / "when", entry.when, Scope.PATIENT, stated.module)
            if node is not None:
                found.append((entry.verdict, node, entry.because))
                named += [node] if entry.without_biopsy else []
        return tuple(found), tuple(named)

    def _closed(self, head: Any) -> list[tuple[Verdict, Node, str]]:
        """A biopsy of any disease but the pathway's own, or one behind which it may be hidden."""
        if not isinstance(head, PathwayFile):
            return []
        diagnoses, place = self._catalogue.diagnoses, self._composed.head.place
        if head.disease not in diagnoses:
            wrong = f"unknown diagnosis {quoted(head.disease)}"
            self._complain(place / "disease", wrong, did_you_mean(head.disease, diagnoses))
        open_to = {head.disease}
        for module in self._composed.modules:
            used = module.head
            if isinstance(used, PathwayFile):
                open_to |= set(used.may_be_hidden_by)
                if used.disease != head.disease:
                    wrong = f"{quoted(module.id)}, which it uses, is about {quoted(used.disease)}"
                    self._complain(place / "disease", wrong, "use a pathway of the same disease")
                for i, name in enumerate(used.may_be_hidden_by):
                    if name not in diagnoses:
                        where = module.place / "may_be_hidden_by" / i
                        wrong = f"unknown diagnosis {quoted(name)}"
                        self._complain(where, wrong, did_you_mean(name, diagnoses))
        if not self._composed.applicability:
            remedy = "say when it `applies`, such as diagnosed(...); or use a whole pathway"
            self._complain(place, "the section `applicability` is missing", remedy)
        asked = [
            parse(f"diagnosed({name})", Scope.PATIENT, self._words)
            for name in diagnoses
            if name not in open_to
        ]
        nodes = tuple(interned(cast("Is", node), self._nodes) for node in asked)
        if not nodes:
            return []
        whole = nodes[0] if len(nodes) == 1 else interned(Or(nodes), self._nodes)
        return [(Verdict.DOES_NOT_APPLY, whole, ANOTHER_DISEASE)]

    # -- the whole -------------------------------------------------------------------------------

    def _stratified(self, draft: Pathway) -> Pathway:
        try:
            strata, late = strata_of(draft)
        except CircleError as circle:
            raise PathwayError([self._circle(circle)]) from None
        return msgspec.structs.replace(draft, strata=strata, late_strata=late)

    def _circle(self, circle: CircleError) -> Problem:
        names = [name.split(":", 1)[1] for name in circle.ids]
        table: Mapping[str, Stated[Any]] = self._composed.rules
        if circle.ids[0].startswith("definition"):
            table = self._composed.definitions
        return table[names[0]].place.problem(
            f"these refer to each other in a circle: {' → '.join(names)}",
            "break the circle: nothing may depend on itself, least of all through `not`",
        )


def _nameable(name: str) -> bool:
    """Whether a condition can say it, and means nothing else by it."""
    return name.isidentifier() and not iskeyword(name) and name not in FEATURES


def _in_order(rules: Mapping[str, Rule]) -> dict[str, Rule]:
    """Rules by what they conclude (findings, recommendations, blocks, alerts), then by id."""
    kinds = (FindingOf, Recommend, Block, Alert)
    return dict(sorted(rules.items(), key=lambda item: (kinds.index(type(item[1].conclusion)), item[0])))


_ID = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
