"""The closed table of features: the only names that rules may ask of a chart.

Each feature has a name, a scope, typed parameters, a result type, a meaning, and a phrase with which
reasons are written. A feature is registered by the function that computes it.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from nephroline.features.values import Value
from nephroline.terms import Entry, Reads, Scope, Trait

PARAMETERS = {
    "analyte": "an analyte of the catalogue with a unit",
    "word-analyte": "an analyte of the catalogue that has words",
    "any-analyte": "an analyte of the catalogue, with a unit or words",
    "word": "a word in which an analyte is reported",
    "agent": "a drug or a class of drugs",
    "regimen-or-agent": "a regimen, a drug or a class of drugs",
    "condition": "a condition",
    "state": "a state of a condition, such as uncontrolled",
    "assertion": "an assertion by a clinician",
    "diagnosis": "a biopsy diagnosis",
    "response": "a response",
    "threshold:time": "a threshold of time",
    "threshold:ratio": "a threshold of a relative change",
    "threshold:dose": "a threshold of a dose",
    "threshold:level": "a threshold of a drug level",
    "threshold:value": "a threshold of what is measured",
    "threshold:forms": "a threshold of proteinuria in every form it is printed in",
}
"""Kinds of parameters, in words."""


class Feature(msgspec.Struct, frozen=True):
    """A question that can be asked of a chart.

    `result` is ``flag``, ``choice:VOCABULARY``, or ``amount:DIMENSION``; ``amount:analyte`` has the
    dimensions of the analyte given as first parameter. `enters`: the one entry of a chart that it gives.
    `phrase` has ``{0}``, ``{1}`` for parameters.
    """

    name: str
    scope: Scope
    parameters: tuple[str, ...]
    optional: int
    result: str
    phrase: str
    doc: str
    compute: Callable[..., Value]
    reads: Reads
    trait: Trait | None = None
    enters: Entry | None = None

    @property
    def signature(self) -> str:
        """How it is written in a rule."""
        if not self.parameters:
            return self.name
        names = [p.partition(":")[0] for p in self.parameters]
        first_optional = len(names) - self.optional
        shown = [f"[{name}]" if i >= first_optional else name for i, name in enumerate(names)]
        return f"{self.name}({', '.join(shown)})"


FEATURES: dict[str, Feature] = {}


def with_trait(*traits: Trait) -> frozenset[str]:
    """The names of the features that have one of some traits."""
    return frozenset(name for name, feature in FEATURES.items() if feature.trait in traits)


def entering(entry: Entry) -> frozenset[str]:
    """The names of the features that give one entry of a chart."""
    return frozenset(name for name, feature in FEATURES.items() if feature.enters is entry)


_READ_BY_PARAMETER = {
    "analyte": Reads.SERIES,
    "word-analyte": Reads.SERIES,
    "any-analyte": Reads.SERIES,
    "condition": Reads.CONDITIONS,
    "assertion": Reads.CONDITIONS,
    "diagnosis": Reads.BIOPSIES,
}


def feature(
    name: str,
    takes: tuple[str, ...] = (),
    *,
    gives: str,
    says: str,
    optional: int = 0,
    reads: Reads | None = None,
    trait: Trait | None = None,
    enters: Entry | None = None,
) -> Callable[[Callable[..., Value]], Callable[..., Value]]:
    """Register the function below as the feature *name*; its docstring is its documentation.

    The scope follows from the name: ``line.…`` is asked of a line, ``assessment.…`` of an assessment.
    What it reads follows from its first parameter, else it is all of the chart unless *reads* says less;
    a feature of a series also reads the lines.
    """
    head = name.split(".", 1)[0]
    scope = Scope(head) if "." in name else Scope.PATIENT
    known = reads or (_READ_BY_PARAMETER.get(takes[0]) if takes else None) or Reads.ALL
    if scope is Scope.ASSESSMENT:
        known = Reads.ALL

    def register(compute: Callable[..., Value]) -> Callable[..., Value]:
        text = " ".join((compute.__doc__ or "").split())
        FEATURES[name] = Feature(
            name, scope, takes, optional, gives, says, text, compute, known, trait, enters
        )
        return compute

    return register
