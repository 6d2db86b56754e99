"""From the text of a condition to its checked tree.

The grammar is a small part of Python's: names, attributes, calls of the fixed table, comparisons
(chained too), ``in``, ``and``, ``or``, ``not``. Everything else is refused, so nothing can be
evaluated that is not a question to the chart. Every name must be known, every comparison must be of
like dimensions, and every number must be a named threshold.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Mapping

import msgspec

from nephroline.catalogue import Analyte, Catalogue
from nephroline.errors import did_you_mean, quoted
from nephroline.exact import Fraction
from nephroline.features import FEATURES, Feature, Threshold
from nephroline.lang.nodes import (
    And,
    Argument,
    Ask,
    Compare,
    Holds,
    Is,
    Member,
    Node,
    Not,
    Op,
    Or,
    RefersTo,
)
from nephroline.terms import Adequacy, Reads, Response, Scope, Trait

MAX_LENGTH = 2_000
MAX_TOKENS = 400
_TOKEN = re.compile(r"\w+|[^\w\s]")
_OPS: dict[type[ast.cmpop], Op] = {ast.Lt: Op.LT, ast.LtE: Op.LE, ast.Gt: Op.GT, ast.GtE: Op.GE}
_REFERENCES = {r.value: r for r in RefersTo if r is not RefersTo.DEFINITION}
_ONE = Fraction(1)
_FORMS: Mapping[str, tuple[str, ...]] = {
    "time": ("time",),
    "ratio": ("ratio",),
    "forms": ("mass-rate", "mass-ratio", "mass-per-substance"),
    "dose": ("mass", "mass-rate", "dose-rate-per-mass"),
    "level": ("mass-concentration", "substance-concentration"),
}
_DOSES = ("mass", "mass-rate", "dose-rate-per-mass")


class ConditionError(ValueError):
    """A condition that cannot be used; `line` (from 1) and `column` (from 0) point into its text."""

    def __init__(self, message: str, help: str, line: int, column: int) -> None:  # noqa: A002
        super().__init__(message)
        self.help, self.line, self.column = help, line, column


class Vocabulary(msgspec.Struct, frozen=True):
    """All names a condition may use."""

    catalogue: Catalogue
    thresholds: Mapping[str, Threshold]
    definitions: Mapping[str, Scope] = {}
    findings: Mapping[str, Scope] = {}


def parse(text: str, scope: Scope, vocabulary: Vocabulary) -> Node:
    """Read and check a condition of a given scope. Raises: ConditionError at the first fault."""
    if len(text) > MAX_LENGTH:
        raise ConditionError(
            f"the condition is longer than {MAX_LENGTH} characters",
            "split it into definitions",
            1,
            0,
        )
    if "#" in text or _unbalanced(text):
        wrong = "the condition holds a #" if "#" in text else "a bracket closes that was not opened"
        column = text.index("#") if "#" in text else 0
        raise ConditionError(wrong, "use names, comparisons, and, or, not, in", 1, column)
    if len(_TOKEN.findall(text)) > MAX_TOKENS:
        raise ConditionError("the condition is too large", "split it into definitions", 1, 0)
    try:
        # The brackets let a condition run over several lines; the column is set right again.
        with warnings.catch_warnings():
            # Text that Python only warns of, such as 3and, is refused here.
            warnings.simplefilter("error", SyntaxWarning)
            tree = ast.parse(f"({text}\n)", mode="eval")
    except SyntaxError as bad:
        column = (bad.offset or 1) - 1
        line = bad.lineno or 1
        at_end = line > text.count("\n") + 1
        raise ConditionError(
            "the condition cannot be read" + (": it is not complete" if at_end else ""),
            "use names, comparisons, and, or, not, in",
            1 if at_end else line,
            len(text.splitlines()[0]) if at_end and text else max(column - (line == 1), 0),
        ) from None
    except (ValueError, RecursionError, MemoryError):
        raise ConditionError("the condition cannot be read", "simplify it", 1, 0) from None
    return _ConditionParser(text, scope, vocabulary).truth(tree.body)


def _unbalanced(text: str) -> bool:
    depth = 0
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        if depth < 0:
            return True
    return False


class _ConditionParser(msgspec.Struct, frozen=True):
    text: str
    scope: Scope
    words: Vocabulary

    # -- truth -----------------------------------------------------------------------------------

    def truth(self, node: ast.expr) -> Node:
        """Read something that is true or false."""
        if isinstance(node, ast.BoolOp):
            operands = tuple(self.truth(value) for value in node.values)
            return And(operands) if isinstance(node.op, ast.And) else Or(operands)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return Not(self.truth(node.operand))
        if isinstance(node, ast.Compare):
            return self._comparison(node)
        if isinstance(node, ast.Name | ast.Attribute | ast.Call):
            return self._yes_or_no(node)
        raise self._refuse(node)

    def _yes_or_no(self, node: ast.expr) -> Node:
        reference = self._reference(node)
        if reference is not None:
            return reference
        ask, feature = self._ask(node)
        if feature.result != "flag":
            raise self._error(
                node,
                f"{quoted(self._source(node))} is not a yes-or-no question",
                "compare it with a threshold"
                if feature.result.startswith("amount")
                else "compare it with a word, using ==",
            )
        return Is(ask)

    def _reference(self, node: ast.expr) -> Holds | None:
        name = self._source(node.func) if isinstance(node, ast.Call) else self._source(node)
        if isinstance(node, ast.Call) and name in _REFERENCES:
            kind = _REFERENCES[name]
            if len(node.args) != 1 or node.keywords:
                raise self._error(node, f"`{name}` takes one name", f"write {name}(…)")
            wanted = self._symbol(node.args[0])
            known = self.words.definitions if kind is RefersTo.ANY_LINE else self.words.findings
            if wanted not in known:
                what = "definition" if kind is RefersTo.ANY_LINE else "finding"
                raise self._error(
                    node.args[0], f"unknown {what} {quoted(wanted)}", did_you_mean(wanted, known)
                )
            if kind is not RefersTo.FINDING and known[wanted] is not Scope.LINE:
                raise self._error(
                    node.args[0], f"{quoted(wanted)} is not about a line", "use it without `line`"
                )
            if kind is RefersTo.LINE_FINDING and self.scope is not Scope.LINE:
                raise self._error(
                    node,
                    "`line.finding` needs a rule with `for: line`",
                    "write finding(…) for any line",
                )
            return Holds(kind, wanted)
        if isinstance(node, ast.Name) and name in self.words.definitions:
            return Holds(RefersTo.DEFINITION, self._definition(node, name))
        return None

    def _definition(self, node: ast.expr, name: str) -> str:
        """Check that a definition may be used here: its own scope, or the patient's."""
        scope = self.words.definitions[name]
        if scope is self.scope or (scope is Scope.PATIENT and self.scope is Scope.LINE):
            return name
        remedy = f"write any_line({name})" if scope is Scope.LINE else "ask `response` instead"
        raise self._error(node, f"{quoted(name)} is a definition of a {scope}, not of a {self.scope}", remedy)

    # -- comparisons -----------------------------------------------------------------------------

    def _comparison(self, node: ast.Compare) -> Node:
        parts: list[Node] = []
        left = node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            parts.append(self._pair(node, left, op, right))
            left = right
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _pair(self, node: ast.Compare, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Node:
        if isinstance(op, ast.Eq | ast.NotEq | ast.In | ast.NotIn):
            member = self._member(left, right, several=isinstance(op, ast.In | ast.NotIn))
            return Not(member) if isinstance(op, ast.NotEq | ast.NotIn) else member
        sign = _OPS.get(type(op))
        if sign is None:
            raise self._error(node, "this comparison is not accepted", "use <, <=, >, >=, ==, != or in")
        if self._threshold(left) is not None:
            left, right, sign = right, left, sign.flipped
        return self._compare(left, sign, right)

    def _compare(self, left: ast.expr, op: Op, right: ast.expr) -> Node:
        self._no_number(left)
        self._no_number(right)
        ask, feature = self._ask(left)
        kinds = self._dimensions(left, ask, feature)
        limit = self._threshold(right)
        if limit is not None:
            self._same_dimension(right, ask, kinds, limit)
            return Compare(ask, op, limit.name)
        other, other_feature = self._ask(right, or_threshold=True)
        other_kinds = self._dimensions(right, other, other_feature)
        if not set(kinds) & set(other_kinds):
            raise self._error(right, f"cannot compare {' or '.join(kinds)} with {' or '.join(other_kinds)}")
        return Compare(ask, op, other)

    def _same_dimension(self, node: ast.expr, ask: Ask, kinds: tuple[str, ...], limit: Threshold) -> None:
        analyte = self._analyte(ask)
        if kinds == _DOSES:
            fits = any(form in _DOSES for form in limit.forms)
        else:
            fits = any(
                kind in limit.forms
                or (
                    analyte is not None
                    and any(analyte.convert(_ONE, kind, f) is not None for f in limit.forms)
                )
                for kind in kinds
            )
        if not fits:
            raise self._error(
                node,
                f"{quoted(self._source_of(ask))} is {' or '.join(kinds)},"
                f" but {quoted(limit.name)} is {' or '.join(limit.forms)}",
                "compare like with like",
            )

    def _member(self, left: ast.expr, right: ast.expr, *, several: bool) -> Member:
        ask, feature = self._ask(left)
        if not feature.result.startswith("choice:"):
            raise self._error(
                left,
                f"{quoted(self._source(left))} is not a choice among words",
                "compare amounts with <, <=, > or >=",
            )
        allowed = self._choices(feature, ask)
        items = right.elts if several and isinstance(right, ast.Tuple | ast.List | ast.Set) else [right]
        words: list[str] = []
        for item in items:
            self._no_number(item)
            word = self._symbol(item)
            if word not in allowed:
                raise self._error(
                    item,
                    f"{quoted(word)} is not one of the words of {self._source(left)}",
                    did_you_mean(word, allowed, see="words: " + ", ".join(sorted(allowed))),
                )
            words.append(word)
        return Member(ask, tuple(words))

    def _choices(self, feature: Feature, ask: Ask) -> set[str]:
        catalogue = self.words.catalogue
        kind = feature.result.removeprefix("choice:")
        if kind == "words":
            return {*catalogue.analytes[ask.arguments[0].name].words, "not-in-words"}
        return {
            "sex": {"female", "male"},
            "response": {str(r) for r in Response},
            "exposure": {str(e) for e in Adequacy},
            "regimen": {*catalogue.regimens, "other"},
            "stop_reason": {*catalogue.stop_reasons, "not-stopped"},
        }[kind]

    # -- questions -------------------------------------------------------------------------------

    def _ask(self, node: ast.expr, *, or_threshold: bool = False) -> tuple[Ask, Feature]:
        call = node if isinstance(node, ast.Call) else None
        if not isinstance(node, ast.Name | ast.Attribute | ast.Call):
            raise self._refuse(node)
        name = self._source(call.func if call else node)
        feature = self._feature(name)
        if feature is None:
            analyte = self.words.catalogue.analytes.get(name)
            if analyte is not None and call is None and self.scope is not Scope.LINE:
                found = self._bare("analyte" if analyte.units else "word-analyte")
                return Ask(found.name, (Argument(name),)), found
            raise self._unknown(node, name, or_threshold=or_threshold)
        if (
            self.scope is Scope.ASSESSMENT
            and feature.scope is Scope.PATIENT
            and feature.reads is not Reads.PERSON
        ):
            raise self._error(
                node,
                f"`{name}` is asked of the patient at as-of, not of an assessment",
                "ask for what was observed at the assessment",
            )
        if feature.scope is not Scope.PATIENT and feature.scope is not self.scope:
            raise self._error(
                node,
                f"`{name}` is asked of a {feature.scope}, not of a {self.scope}",
                f"write the rule with `for: {feature.scope}`",
            )
        given = list(call.args) if call else []
        if call is not None and (call.keywords or not feature.parameters):
            raise self._error(node, f"`{name}` is written as {feature.signature}")
        least = len(feature.parameters) - feature.optional
        if not least <= len(given) <= len(feature.parameters):
            raise self._error(
                node,
                f"`{name}` takes {len(feature.parameters)} names, got {len(given)}",
                f"write {feature.signature}",
            )
        arguments = tuple(
            self._argument(kind, item) for kind, item in zip(feature.parameters, given, strict=False)
        )
        return Ask(feature.name, arguments), feature

    def _bare(self, kind: str) -> Feature:
        """What a bare analyte stands for: its value or word, at the assessment or now."""
        bare = (f for f in FEATURES.values() if f.trait is Trait.BARE and f.scope is self.scope)
        return next(feature for feature in bare if feature.parameters == (kind,))

    def _feature(self, name: str) -> Feature | None:
        if self.scope is Scope.ASSESSMENT:
            # What is asked of an assessment is written without its prefix.
            return FEATURES.get(f"{self.scope}.{name}") or FEATURES.get(name)
        return FEATURES.get(name)

    def _unknown(self, node: ast.expr, name: str, *, or_threshold: bool) -> ConditionError:
        known: Iterable[str] = {
            *FEATURES,
            *self.words.definitions,
            *self.words.catalogue.analytes,
            *_REFERENCES,
            *(self.words.thresholds if or_threshold else ()),
        }
        return self._error(
            node,
            f"unknown name {quoted(name)}",
            did_you_mean(name, known, see="`nephroline features` lists all"),
        )

    def _argument(self, kind: str, node: ast.expr) -> Argument:
        catalogue = self.words.catalogue
        if kind.startswith("threshold:"):
            self._no_number(node)
            limit = self._threshold(node)
            if limit is None:
                name = self._source(node)
                raise self._error(
                    node,
                    f"unknown threshold {quoted(name)}",
                    did_you_mean(name, self.words.thresholds),
                )
            wanted = kind.partition(":")[2]
            if not set(_FORMS[wanted]) & set(limit.forms):
                raise self._error(
                    node,
                    f"{quoted(limit.name)} is not a {wanted}, but {' or '.join(limit.forms)}",
                    f"name a threshold of {' or '.join(_FORMS[wanted])}",
                )
            return Argument(limit.name, threshold=True)
        name = self._symbol(node)
        tables: Mapping[str, Iterable[str]] = {
            "analyte": [a.id for a in catalogue.analytes.values() if a.units],
            "word-analyte": [a.id for a in catalogue.analytes.values() if a.words],
            "agent": [*catalogue.drugs, *catalogue.classes],
            "regimen-or-agent": [*catalogue.regimens, *catalogue.drugs, *catalogue.classes],
            "condition": catalogue.conditions,
            "state": catalogue.states,
            "assertion": catalogue.assertions,
            "diagnosis": catalogue.diagnoses,
            "response": [str(r) for r in Response],
        }
        known = set(tables[kind])
        if name not in known:
            raise self._error(
                node, f"unknown {kind.replace('-', ' ')} {quoted(name)}", did_you_mean(name, known)
            )
        return Argument(name)

    def _symbol(self, node: ast.expr) -> str:
        """Read a word such as ``cni-resistant``, which Python takes for a subtraction."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._combination(node)
        for part in ast.walk(node):
            if not isinstance(part, ast.Name | ast.BinOp | ast.Sub | ast.Constant | ast.Load):
                raise self._refuse(node)
            if isinstance(part, ast.Constant) and not isinstance(part.value, int):
                raise self._refuse(node)
        return "".join(self._source(node).split())

    def _combination(self, node: ast.BinOp) -> str:
        """Read ``cyclosporine + mycophenolate`` as the regimen with these agents."""
        agents: list[str] = []
        rest: ast.expr = node
        while isinstance(rest, ast.BinOp) and isinstance(rest.op, ast.Add):
            agents.append(self._symbol(rest.right))
            rest = rest.left
        agents.append(self._symbol(rest))
        for regimen in self.words.catalogue.regimens.values():
            if set(regimen.agents) == set(agents):
                return regimen.id
        raise self._error(
            node,
            f"no regimen has the agents {quoted(' + '.join(reversed(agents)))}",
            "see rules/catalogue/regimens.yaml",
        )

    # -- types -----------------------------------------------------------------------------------

    def _analyte(self, ask: Ask) -> Analyte | None:
        feature = FEATURES[ask.feature]
        if feature.result == "amount:analyte":
            return self.words.catalogue.analytes[ask.arguments[0].name]
        if feature.trait is Trait.LEVEL:
            drug = ask.arguments[0].name
            return next((a for a in self.words.catalogue.analytes.values() if a.level_of == drug), None)
        return None

    def _dimensions(self, node: ast.expr, ask: Ask, feature: Feature) -> tuple[str, ...]:
        if not feature.result.startswith("amount:"):
            raise self._error(
                node,
                f"{quoted(self._source(node))} is not an amount",
                "compare words with == or in"
                if feature.result.startswith("choice")
                else "use it without a comparison",
            )
        kind = feature.result.removeprefix("amount:")
        if kind == "dose":
            return _DOSES
        if kind == "analyte":
            return self.words.catalogue.analytes[ask.arguments[0].name].dimensions
        return (kind,)

    def _threshold(self, node: ast.expr) -> Threshold | None:
        return self.words.thresholds.get(node.id) if isinstance(node, ast.Name) else None

    # -- errors ----------------------------------------------------------------------------------

    def _no_number(self, node: ast.expr) -> None:
        inner = node.operand if isinstance(node, ast.UnaryOp) else node
        if isinstance(inner, ast.Constant) and isinstance(inner.value, int | float | complex):
            raise self._error(
                node,
                f"the bare number {quoted(self._source(node))} has no unit and no source",
                "name a threshold: every number has a citation",
            )

    def _source(self, node: ast.expr) -> str:
        if self.text.isascii() and "\n" not in self.text and node.end_col_offset is not None:
            # The common case; the general one reads the text anew each time. One for the bracket.
            return self.text[max(node.col_offset - 1, 0) : node.end_col_offset - 1]
        return ast.get_source_segment(f"({self.text}\n)", node) or ""

    def _source_of(self, ask: Ask) -> str:
        return f"{ask.feature}({', '.join(a.name for a in ask.arguments)})" if ask.arguments else ask.feature

    def _refuse(self, node: ast.expr) -> ConditionError:
        self._no_number(node)
        return self._error(
            node,
            f"{quoted(self._source(node))} is not accepted in a condition",
            "use names, comparisons, and, or, not, in",
        )

    def _error(self, node: ast.expr, message: str, help: str = "") -> ConditionError:  # noqa: A002
        column = node.col_offset - 1 if node.lineno == 1 else node.col_offset
        return ConditionError(message, help, node.lineno, max(column, 0))
