"""All names that a condition may use, and what each may be compared with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from nephroline.catalogue import Analyte, Catalogue
from nephroline.features import FEATURES, Feature, Threshold
from nephroline.lang.nodes import Ask
from nephroline.terms import Adequacy, Phase, Response, Scope, Trait

DOSES = ("mass", "mass-rate", "dose-rate-per-mass")
FORMS: Mapping[str, tuple[str, ...]] = {
    "time": ("time",),
    "ratio": ("ratio",),
    "forms": ("mass-rate", "mass-ratio", "mass-per-substance"),
    "dose": DOSES,
    "level": ("mass-concentration", "substance-concentration"),
    "value": (
        *("mass-rate", "mass-ratio", "mass-per-substance"),
        *("mass-concentration", "substance-concentration", "relative-concentration"),
    ),
}
"""The dimensions that a threshold given as a parameter may have, by the kind of parameter."""


class Vocabulary(msgspec.Struct, frozen=True):
    """All names a condition may use."""

    catalogue: Catalogue
    thresholds: Mapping[str, Threshold]
    definitions: Mapping[str, Scope] = {}
    findings: Mapping[str, Scope] = {}

    def bare(self, scope: Scope, kind: str) -> Feature:
        """What a bare analyte stands for: its value or word, at the assessment or now."""
        bare = (f for f in FEATURES.values() if f.trait is Trait.BARE and f.scope is scope)
        return next(feature for feature in bare if feature.parameters == (kind,))

    def feature(self, scope: Scope, name: str) -> Feature | None:
        """A feature by the name that conditions of a scope call it by."""
        if scope is Scope.ASSESSMENT:
            # What is asked of an assessment is written without its prefix.
            return FEATURES.get(f"{scope}.{name}") or FEATURES.get(name)
        return FEATURES.get(name)

    def choices(self, feature: Feature, ask: Ask) -> set[str]:
        """The words among which a question chooses."""
        catalogue = self.catalogue
        kind = feature.result.removeprefix("choice:")
        if kind == "words":
            return set(catalogue.analytes[ask.arguments[0].name].words)
        return {
            "sex": {"female", "male"},
            "response": {str(r) for r in Response},
            "phase": {str(p) for p in Phase},
            "exposure": {str(e) for e in Adequacy},
            "regimen": {*catalogue.regimens, "other"},
            "stop_reason": {*catalogue.stop_reasons, "not-stopped"},
        }[kind]

    def known(self, kind: str) -> set[str]:
        """The names that a parameter of a kind may have."""
        catalogue = self.catalogue
        tables: Mapping[str, Iterable[str]] = {
            "analyte": [a.id for a in catalogue.analytes.values() if a.units],
            # A report that speaks of another analyte is kept under that one.
            "word-analyte": [a.id for a in catalogue.analytes.values() if a.words and not a.speaks_of],
            "any-analyte": [a.id for a in catalogue.analytes.values() if not a.speaks_of],
            "word": [word for a in catalogue.analytes.values() for word in a.words],
            "agent": [*catalogue.drugs, *catalogue.classes],
            "regimen-or-agent": [*catalogue.regimens, *catalogue.drugs, *catalogue.classes],
            "condition": catalogue.conditions,
            "state": catalogue.states,
            "assertion": catalogue.assertions,
            "diagnosis": catalogue.diagnoses,
            "response": [str(r) for r in Response],
        }
        return set(tables[kind])

    def dimensions(self, feature: Feature, ask: Ask) -> tuple[str, ...]:
        """The dimensions that an amount may have."""
        kind = feature.result.removeprefix("amount:")
        if kind == "dose":
            return DOSES
        if kind == "analyte":
            return self.catalogue.analytes[ask.arguments[0].name].dimensions
        return (kind,)

    def analyte_of(self, ask: Ask) -> Analyte | None:
        """The analyte whose value or level a question asks for."""
        feature = FEATURES[ask.feature]
        if feature.result == "amount:analyte":
            return self.catalogue.analytes[ask.arguments[0].name]
        if feature.trait is Trait.LEVEL:
            drug = ask.arguments[0].name
            return next((a for a in self.catalogue.analytes.values() if a.level_of == drug), None)
        return None
