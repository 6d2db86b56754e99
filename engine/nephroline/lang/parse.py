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
from collections.abc import Iterable

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
from nephroline.lang.text import ConditionError, ConditionText
from nephroline.lang.vocabulary import DOSES, FORMS, Vocabulary
from nephroline.terms import Reads, Scope

MAX_LENGTH = 2_000
MAX_TOKENS = 400
_TOKEN = re.compile(r"\w+|[^\w\s]")
_OPS: dict[type[ast.cmpop], Op] = {ast.Lt: Op.LT, ast.LtE: Op.LE, ast.Gt: Op.GT, ast.GtE: Op.GE}
_REFERENCES = {r.value: r for r in RefersTo if r is not RefersTo.DEFINITION}
_ONE = Fraction(1)


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


class _ConditionParser(ConditionText, frozen=True):
    """Reads one condition, that stands in a rule of one scope; one use."""

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
        raise self.refuse(node)

    def _yes_or_no(self, node: ast.expr) -> Node:
        reference = self._reference(node)
        if reference is not None:
            return reference
        ask, feature = self._ask(node)
        if feature.result != "flag":
            raise self.error(
                node,
                f"{quoted(self.source(node))} is not a yes-or-no question",
                "compare it with a threshold"
                if feature.result.startswith("amount")
                else "compare it with a word, using ==",
            )
        return Is(ask)

    def _reference(self, node: ast.expr) -> Holds | None:
        name = self.source(node.func) if isinstance(node, ast.Call) else self.source(node)
        if isinstance(node, ast.Call) and name in _REFERENCES:
            kind = _REFERENCES[name]
            if len(node.args) != 1 or node.keywords:
                raise self.error(node, f"`{name}` takes one name", f"write {name}(…)")
            wanted = self._symbol(node.args[0])
            known = self.words.definitions if kind is RefersTo.ANY_LINE else self.words.findings
            if wanted not in known:
                what = "definition" if kind is RefersTo.ANY_LINE else "finding"
                raise self.error(
                    node.args[0], f"unknown {what} {quoted(wanted)}", did_you_mean(wanted, known)
                )
            if kind is not RefersTo.FINDING and known[wanted] is not Scope.LINE:
                raise self.error(
                    node.args[0], f"{quoted(wanted)} is not about a line", "use it without `line`"
                )
            if kind is RefersTo.LINE_FINDING and self.scope is not Scope.LINE:
                raise self.error(
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
        raise self.error(node, f"{quoted(name)} is a definition of a {scope}, not of a {self.scope}", remedy)

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
            raise self.error(node, "this comparison is not accepted", "use <, <=, >, >=, ==, != or in")
        if self._threshold(left) is not None:
            left, right, sign = right, left, sign.flipped
        return self._compare(left, sign, right)

    def _compare(self, left: ast.expr, op: Op, right: ast.expr) -> Node:
        self.no_number(left)
        self.no_number(right)
        ask, feature = self._ask(left)
        kinds = self._dimensions(left, ask, feature)
        limit = self._threshold(right)
        if limit is not None:
            self._same_dimension(right, ask, kinds, limit)
            return Compare(ask, op, limit.name)
        other, other_feature = self._ask(right, or_threshold=True)
        other_kinds = self._dimensions(right, other, other_feature)
        if not set(kinds) & set(other_kinds):
            raise self.error(right, f"cannot compare {' or '.join(kinds)} with {' or '.join(other_kinds)}")
        return Compare(ask, op, other)

    def _same_dimension(self, node: ast.expr, ask: Ask, kinds: tuple[str, ...], limit: Threshold) -> None:
        analyte = self.words.analyte_of(ask)
        if kinds == DOSES:
            fits = any(form in DOSES for form in limit.forms)
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
            raise self.error(
                node,
                f"{quoted(self.source_of(ask))} is {' or '.join(kinds)},"
                f" but {quoted(limit.name)} is {' or '.join(limit.forms)}",
                "compare like with like",
            )

    def _member(self, left: ast.expr, right: ast.expr, *, several: bool) -> Member:
        ask, feature = self._ask(left)
        if not feature.result.startswith("choice:"):
            raise self.error(
                left,
                f"{quoted(self.source(left))} is not a choice among words",
                "compare amounts with <, <=, > or >=",
            )
        allowed = self.words.choices(feature, ask)
        items = right.elts if several and isinstance(right, ast.Tuple | ast.List | ast.Set) else [right]
        words: list[str] = []
        for item in items:
            self.no_number(item)
            word = self._symbol(item)
            if word not in allowed:
                raise self.error(
                    item,
                    f"{quoted(word)} is not one of the words of {self.source(left)}",
                    did_you_mean(word, allowed, see="words: " + ", ".join(sorted(allowed))),
                )
            words.append(word)
        return Member(ask, tuple(words))

    # -- questions -------------------------------------------------------------------------------

    def _ask(self, node: ast.expr, *, or_threshold: bool = False) -> tuple[Ask, Feature]:
        call = node if isinstance(node, ast.Call) else None
        if not isinstance(node, ast.Name | ast.Attribute | ast.Call):
            raise self.refuse(node)
        name = self.source(call.func if call else node)
        feature = self.words.feature(self.scope, name)
        if feature is None:
            analyte = self.words.catalogue.analytes.get(name)
            if analyte is not None and call is None and self.scope is not Scope.LINE:
                found = self.words.bare(self.scope, "analyte" if analyte.units else "word-analyte")
                return Ask(found.name, (Argument(name),)), found
            raise self._unknown(node, name, or_threshold=or_threshold)
        if (
            self.scope is Scope.ASSESSMENT
            and feature.scope is Scope.PATIENT
            and feature.reads is not Reads.PERSON
        ):
            raise self.error(
                node,
                f"`{name}` is asked of the patient at as-of, not of an assessment",
                "ask for what was observed at the assessment",
            )
        if feature.scope is not Scope.PATIENT and feature.scope is not self.scope:
            raise self.error(
                node,
                f"`{name}` is asked of a {feature.scope}, not of a {self.scope}",
                f"write the rule with `for: {feature.scope}`",
            )
        given = list(call.args) if call else []
        if call is not None and (call.keywords or not feature.parameters):
            raise self.error(node, f"`{name}` is written as {feature.signature}")
        least = len(feature.parameters) - feature.optional
        if not least <= len(given) <= len(feature.parameters):
            raise self.error(
                node,
                f"`{name}` takes {len(feature.parameters)} names, got {len(given)}",
                f"write {feature.signature}",
            )
        arguments = tuple(
            self._argument(kind, item) for kind, item in zip(feature.parameters, given, strict=False)
        )
        return Ask(feature.name, arguments), feature

    def _unknown(self, node: ast.expr, name: str, *, or_threshold: bool) -> ConditionError:
        known: Iterable[str] = {
            *FEATURES,
            *self.words.definitions,
            *self.words.catalogue.analytes,
            *_REFERENCES,
            *(self.words.thresholds if or_threshold else ()),
        }
        return self.error(
            node,
            f"unknown name {quoted(name)}",
            did_you_mean(name, known, see="`nephroline features` lists all"),
        )

    def _argument(self, kind: str, node: ast.expr) -> Argument:
        if kind.startswith("threshold:"):
            self.no_number(node)
            limit = self._threshold(node)
            if limit is None:
                name = self.source(node)
                raise self.error(
                    node,
                    f"unknown threshold {quoted(name)}",
                    did_you_mean(name, self.words.thresholds),
                )
            wanted = kind.partition(":")[2]
            forms = FORMS[wanted]
            if not set(forms) & set(limit.forms):
                raise self.error(
                    node,
                    f"{quoted(limit.name)} is not a {wanted}, but {' or '.join(limit.forms)}",
                    f"name a threshold of {' or '.join(forms)}",
                )
            return Argument(limit.name, threshold=True)
        name = self._symbol(node)
        known = self.words.known(kind)
        if name not in known:
            raise self.error(
                node, f"unknown {kind.replace('-', ' ')} {quoted(name)}", did_you_mean(name, known)
            )
        return Argument(name)

    def _symbol(self, node: ast.expr) -> str:
        """Read a word such as ``cni-resistant``, which Python takes for a subtraction."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._combination(node)
        for part in ast.walk(node):
            if not isinstance(part, ast.Name | ast.BinOp | ast.Sub | ast.Constant | ast.Load):
                raise self.refuse(node)
            if isinstance(part, ast.Constant) and not isinstance(part.value, int):
                raise self.refuse(node)
        return "".join(self.source(node).split())

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
        raise self.error(
            node,
            f"no regimen has the agents {quoted(' + '.join(reversed(agents)))}",
            "see rules/catalogue/regimens.yaml",
        )

    # -- types -----------------------------------------------------------------------------------

    def _dimensions(self, node: ast.expr, ask: Ask, feature: Feature) -> tuple[str, ...]:
        if not feature.result.startswith("amount:"):
            raise self.error(
                node,
                f"{quoted(self.source(node))} is not an amount",
                "compare words with == or in"
                if feature.result.startswith("choice")
                else "use it without a comparison",
            )
        return self.words.dimensions(feature, ask)

    def _threshold(self, node: ast.expr) -> Threshold | None:
        return self.words.thresholds.get(node.id) if isinstance(node, ast.Name) else None
