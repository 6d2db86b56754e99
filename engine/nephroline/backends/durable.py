"""Inference by durable_rules, inside the part of it that has been measured to be right.

Only single conjunctive patterns over one flat fact are used: equality and inequality of one-letter
strings, anchored on the kind of fact. No join, negation, retraction, timer, callback or number
reaches the C library; its entry points are driven directly, without its ``Host``. `_guard` refuses
everything else before C sees it, and `_canary` refuses to start on a build that gets even this wrong.
"""

from __future__ import annotations

import json
import os
import re
import sys
import weakref
from collections.abc import Sequence
from functools import lru_cache
from itertools import count
from threading import Lock
from typing import Any

import msgspec

from nephroline.backends.base import Fact, Stage, Truths
from nephroline.backends.patterns import Conjunct, normal_form, written
from nephroline.errors import InferenceError
from nephroline.lang import Atom
from nephroline.pathway import Clause
from nephroline.terms import Scope

# Sixty-four patterns that match one fact at once are the library's limit; more is error 303.
MAX_PATTERNS = 60
# A fact holds at most 254 properties, two of which the library adds itself.
MAX_FIELDS = 240
_KINDS = {Scope.PATIENT: "p", Scope.LINE: "l"}
_LETTERS = {True: "t", False: "f", None: "u"}
_NAME = re.compile(r"[a-z][a-z0-9]{0,15}")
_RESERVED = frozenset({"id", "sid", "kind", "all", "any", "pri", "count", "cap", "dist", "name", "s"})
_SENTINEL = '{"id":"w","kind":"w"}'
_NO_MATCH, _MATCH = 1, 0
_serial = count()


class _Pattern(msgspec.Struct, frozen=True):
    """One conjunct of one clause: must hold (`must`), or may hold."""

    clause: str
    kind: str
    must: bool
    conjunct: Conjunct


@lru_cache(maxsize=1)
def _library() -> Any:
    """Import the C extension, and check that it gets the basics right."""
    flags = sys.getdlopenflags() if hasattr(sys, "getdlopenflags") else None
    try:
        if flags is not None and sys.version_info >= (3, 13):
            # The extension names a symbol that Python 3.13 dropped and that only its callbacks use.
            sys.setdlopenflags(os.RTLD_LAZY)
        import durable_rules_engine as library
    except ImportError as missing:
        raise InferenceError(f"durable_rules cannot be loaded ({missing}); {_remedy(str(missing))}") from None
    finally:
        if flags is not None:
            sys.setdlopenflags(flags)
    _canary(library)
    return library


def _remedy(fault: str) -> str:
    """What to do about an extension that cannot be loaded."""
    if "PyEval_CallObject" in fault:
        return (
            "it names a symbol that Python 3.13 dropped, and LD_BIND_NOW makes the loader look for it: unset"
            " LD_BIND_NOW, or build it anew with CPPFLAGS=-DPyEval_CallObject=PyObject_CallObject"
            " pip install --no-cache-dir --force-reinstall --no-deps durable_rules"
        )
    return (
        "it is built from source: install a C compiler and the Python headers, then install nephroline again"
    )


def _canary(library: Any) -> None:
    """Fail closed on a build that matches wrongly: equality, inequality, absence, many at once."""
    rules: dict[str, Any] = {
        "same": _rule("p", [("a", "t", True)]),
        "other": _rule("p", [("a", "f", True)]),
        "unlike": _rule("p", [("a", "f", False)]),
        "absent": _rule("p", [("z", "t", False)]),
        "kind": _rule("l", [("a", "t", True)]),
    }
    rules |= {f"many{i}": _rule("p", [("a", "t", True), ("b", "f", False)]) for i in range(50)}
    with_session = _Ruleset(library, rules)
    for _ in range(2):
        fired = {name for name, _ in with_session.run(['{"id":"0","kind":"p","a":"t","b":"u"}'])}
        if fired != {"same", "unlike", *(f"many{i}" for i in range(50))}:
            raise InferenceError("durable_rules fails its self-test on this machine; no answer is given")


def _rule(kind: str, tests: Sequence[tuple[str, str, bool]]) -> dict[str, Any]:
    """One pattern in the library's JSON form: (field, letter, equal) for each test."""
    parts: list[Any] = [{"kind": kind}]
    parts += [{name: letter} if equal else {"$neq": {name: letter}} for name, letter, equal in tests]
    return {"all": [{"m": {"$and": parts}}]}


class _Ruleset:
    """One C ruleset with its single session; freed with this object."""

    def __init__(self, library: Any, rules: dict[str, Any]) -> None:
        _guard(rules)
        self._library = library
        self._handle = library.create_ruleset(
            f"nephroline{next(_serial)}", json.dumps({"w": {"all": [{"m": {"kind": "w"}}]}} | rules)
        )
        # When the process ends, all its memory goes at once: nothing to tidy up first.
        weakref.finalize(self, library.delete_ruleset, self._handle).atexit = False
        # The first state of a fresh ruleset must fire once, or freeing it reads memory never written.
        self.run([])

    def run(self, facts: Sequence[str]) -> list[tuple[str, int]]:
        """Assert facts in one session and collect what fired, as (rule, subject)."""
        library, handle = self._library, self._handle
        fired: list[tuple[str, int]] = []
        try:
            offset = 0
            for fact in (*facts, _SENTINEL):
                outcome, offset = library.assert_fact(handle, fact)
                if outcome not in (_MATCH, _NO_MATCH):
                    raise InferenceError(f"durable_rules refused a fact (code {outcome}); no answer is given")
            action = library.start_action_for_state(handle, offset)
            message = action[1] if action else None
            while message:
                # {"rule":{"m":{"id":"subject",…}}}
                parts = message.split('"', 8)
                if parts[7] != "w":
                    fired.append((parts[1], int(parts[7])))
                message = library.complete_and_start_action(handle, offset)
        except library.error as problem:
            raise InferenceError(f"durable_rules failed ({problem}); no answer is given") from None
        finally:
            library.delete_state(handle, None)
        return fired


def _guard(rules: dict[str, Any]) -> None:
    """Refuse whatever lies outside the safe subset, before C sees it."""
    names: set[str] = set()
    for rule in rules.values():
        tests = rule["all"][0]["m"]["$and"]
        if len(rule["all"]) != 1 or tests[0].get("kind") not in _KINDS.values():
            raise InferenceError("a pattern is not anchored on one fact")
        for test in tests[1:]:
            inner = test.get("$neq", test)
            ((name, letter),) = inner.items()
            if not _NAME.fullmatch(name) or name in _RESERVED or letter not in _LETTERS.values():
                raise InferenceError("a pattern leaves the safe subset of durable_rules")
            names.add(name)
    if len(rules) > MAX_PATTERNS or len(names) > MAX_FIELDS:
        raise InferenceError("a ruleset is too large for durable_rules")
    hashes = {_fnv(name) for name in (*names, *_RESERVED)}
    if len(hashes) != len(names) + len(_RESERVED):
        raise InferenceError("two field names collide in durable_rules")


@lru_cache(maxsize=4 * MAX_FIELDS)
def _fnv(name: str) -> int:
    """The hash by which the library tells property names apart (FNV-1a, 32 bits)."""
    value = 0x811C9DC5
    for byte in name.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


class _Form(msgspec.Struct, frozen=True):
    """The text of a fact, with a place for its subject and for the letter of each atom in turn."""

    template: str
    atoms: tuple[Atom, ...]

    def text(self, fact: Fact) -> str:
        """The JSON of a fact: ASCII and flat, as the library wants it."""
        letters = map(_LETTERS.__getitem__, map(fact.atoms.get, self.atoms))
        return self.template % (fact.subject, *letters)


class _Chunk(msgspec.Struct, frozen=True):
    """Some patterns of a stage in one C ruleset, and how to write a fact of each kind for it."""

    ruleset: _Ruleset
    patterns: dict[str, _Pattern]
    forms: dict[Scope, _Form]

    def texts(self, facts: Sequence[Fact]) -> list[str]:
        """The facts that these patterns ask about, as the library reads them."""
        return [self.forms[fact.scope].text(fact) for fact in facts if fact.scope in self.forms]


class DurableStage:
    """The clauses of one stratum as rulesets. One lock: a C session takes one caller at a time."""

    def __init__(self, clauses: Sequence[Clause]) -> None:
        self._names = {scope: [c.id for c in clauses if c.scope is scope] for scope in _KINDS}
        self._lock = Lock()
        patterns = [
            _Pattern(clause.id, _KINDS[clause.scope], must, conjunct)
            for clause in clauses
            for conjunct in normal_form(clause.condition)
            for must in (True, False)
        ]
        self._chunks = [_chunk(part) for part in _parts(patterns)]

    def fire(self, facts: Sequence[Fact]) -> Truths:
        """Let durable_rules match every fact; a clause that must hold is true, one that may not is false."""
        must: set[tuple[str, int]] = set()
        may: set[tuple[str, int]] = set()
        with self._lock:
            for chunk in self._chunks:
                for name, subject in chunk.ruleset.run(chunk.texts(facts)):
                    pattern = chunk.patterns[name]
                    (must if pattern.must else may).add((pattern.clause, subject))
        truths: Truths = {(name, fact.subject): False for fact in facts for name in self._names[fact.scope]}
        truths.update(dict.fromkeys(may))
        truths.update(dict.fromkeys(must, True))
        return truths


def _parts(patterns: list[_Pattern]) -> list[list[_Pattern]]:
    """Cut patterns into rulesets within the library's limits.

    Half the fields are left free: the patient and the lines name theirs apart.
    """
    parts: list[list[_Pattern]] = []
    fields: set[Atom] = set()
    for pattern in patterns:
        wanted = {literal.atom for literal in pattern.conjunct}
        if not parts or len(parts[-1]) >= MAX_PATTERNS or len(fields | wanted) > MAX_FIELDS // 2:
            parts.append([])
            fields = set()
        parts[-1].append(pattern)
        fields |= wanted
    return parts


def _chunk(patterns: list[_Pattern]) -> _Chunk:
    fields: dict[str, dict[Atom, str]] = {}
    for pattern in patterns:
        names = fields.setdefault(pattern.kind, {})
        for literal in sorted(pattern.conjunct, key=written):
            names.setdefault(literal.atom, f"a{len(names)}")
    named = {f"r{i}": pattern for i, pattern in enumerate(patterns)}
    rules = {name: _pattern_rule(pattern, fields[pattern.kind]) for name, pattern in named.items()}
    forms = {scope: _form(kind, fields[kind]) for scope, kind in _KINDS.items() if kind in fields}
    return _Chunk(_Ruleset(_library(), rules), named, forms)


def _form(kind: str, names: dict[Atom, str]) -> _Form:
    body = "".join(f',"{name}":"%s"' for name in names.values())
    return _Form(f'{{"id":"%d","kind":"{kind}"{body}}}', tuple(names))


def _pattern_rule(pattern: _Pattern, names: dict[Atom, str]) -> dict[str, Any]:
    tests: list[tuple[str, str, bool]] = []
    for literal in pattern.conjunct:
        letter = _LETTERS[literal.positive if pattern.must else not literal.positive]
        tests.append((names[literal.atom], letter, pattern.must))
    return _rule(pattern.kind, sorted(tests))


class Durable(msgspec.Struct, frozen=True):
    """durable_rules behind its guard."""

    name: str = "durable"

    def prepare(self, clauses: Sequence[Clause]) -> Stage:
        """Compile the clauses of one stratum."""
        return DurableStage(clauses)
