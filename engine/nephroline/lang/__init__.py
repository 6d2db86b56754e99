"""The rule language: its tree, its checker, its three-valued meaning, and its plain English."""

from nephroline.lang.english import Reason, Speaker
from nephroline.lang.evaluate import Look, Seen, ask, judge, look
from nephroline.lang.nodes import (
    And,
    Argument,
    Ask,
    Atom,
    Compare,
    Holds,
    Is,
    Member,
    Node,
    Not,
    Op,
    Or,
    Reference,
    asks,
    atoms,
    threshold_names,
)
from nephroline.lang.parse import ConditionError, Vocabulary, parse

__all__ = [
    "And",
    "Argument",
    "Ask",
    "Atom",
    "Compare",
    "ConditionError",
    "Holds",
    "Is",
    "Look",
    "Member",
    "Node",
    "Not",
    "Op",
    "Or",
    "Reason",
    "Reference",
    "Seen",
    "Speaker",
    "Vocabulary",
    "ask",
    "asks",
    "atoms",
    "judge",
    "look",
    "parse",
    "threshold_names",
]
