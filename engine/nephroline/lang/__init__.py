"""The rule language: its tree, its checker, its three-valued meaning, and its plain English."""

from nephroline.lang.english import Reason, Speaker
from nephroline.lang.evaluate import Deciders, Look, Probe, Seen, about_patient, judge, probe, truth_of
from nephroline.lang.nodes import (
    ATOMS,
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
    RefersTo,
    Shared,
    asks,
    atoms,
    interned,
    threshold_names,
)
from nephroline.lang.parse import parse
from nephroline.lang.text import ConditionError
from nephroline.lang.vocabulary import Vocabulary
from nephroline.lang.written import written

__all__ = [
    "ATOMS",
    "And",
    "Argument",
    "Ask",
    "Atom",
    "Compare",
    "ConditionError",
    "Deciders",
    "Holds",
    "Is",
    "Look",
    "Member",
    "Node",
    "Not",
    "Op",
    "Or",
    "Probe",
    "Reason",
    "RefersTo",
    "Seen",
    "Shared",
    "Speaker",
    "Vocabulary",
    "about_patient",
    "asks",
    "atoms",
    "interned",
    "judge",
    "parse",
    "probe",
    "threshold_names",
    "truth_of",
    "written",
]
