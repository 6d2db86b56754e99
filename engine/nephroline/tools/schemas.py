"""JSON Schemas of the public formats, generated from the structs that read and write them."""

from __future__ import annotations

import inspect
import json
from types import GenericAlias
from typing import Any

import msgspec

from nephroline.catalogue import SECTIONS, Catalogue, Named, load_catalogue, spelling
from nephroline.consultation import Consultation
from nephroline.expecting import ExpectEntry
from nephroline.interop.fhir import CodesFile, LeftRow, TakenRow
from nephroline.pathway.shapes import (
    ApplicabilityEntry,
    AuthorityEntry,
    DefinitionEntry,
    ExposureEntry,
    GapEntry,
    ModuleFile,
    OutsideEntry,
    PathwayFile,
    ResponseEntry,
    RuleEntry,
    ThresholdEntry,
)
from nephroline.record.shapes import (
    AssertionRow,
    BiopsyRow,
    ConditionRow,
    ExposureRow,
    ObservationRow,
    ProcedureRow,
    RecordFile,
)
from nephroline.replaying import DidEntry, ScenarioFile
from nephroline.yamlfile import mapping

KINDS = ("record", "scenario", "pathway", "module", "catalogue", "codes", "consultation")
_MODULE: dict[str, Any] = {
    "population": OutsideEntry,
    "definitions": DefinitionEntry,
    "exposure": ExposureEntry,
    "responses": ResponseEntry,
    "indeterminate": GapEntry,
    "rules": RuleEntry,
}
_ROWS: dict[str, dict[str, Any]] = {
    "RecordFile": {
        "conditions": ConditionRow,
        "biopsies": BiopsyRow,
        "observations": ObservationRow,
        "exposures": ExposureRow,
        "procedures": ProcedureRow,
    },
    "ModuleFile": _MODULE,
    "PathwayFile": {**_MODULE, "applicability": ApplicabilityEntry},
    "ScenarioFile": {"expect": ExpectEntry, "clinicians_did": DidEntry},
    "CodesFile": {"takes": TakenRow, "leaves": LeftRow},
}
_NAMED: dict[str, Any] = {"thresholds": ThresholdEntry, "authority": AuthorityEntry}
"""What modules and pathways hold by name."""
_CATALOGUE = msgspec.defstruct(
    "CatalogueFile",
    [(name, GenericAlias(list, shape), []) for name, shape in SECTIONS.items()],
    namespace={"__doc__": "Part of the catalogue: any of its lists."},
    forbid_unknown_fields=True,
)
_ROOTS: dict[str, Any] = {
    "record": RecordFile,
    "scenario": ScenarioFile,
    "pathway": PathwayFile,
    "module": ModuleFile,
    "catalogue": _CATALOGUE,
    "codes": CodesFile,
    "consultation": Consultation,
}


def schema_text(kind: str, catalogue: Catalogue | None = None) -> str:
    """The JSON Schema (draft 2020-12) of a public format, as text; it names what the catalogue has."""
    root = _ROOTS[kind]
    rows = [row for table in _ROWS.values() for row in table.values()]
    shapes = [root, RecordFile, *rows, AssertionRow, *_NAMED.values(), _CATALOGUE]
    _, parts = msgspec.json.schema_components(
        shapes, ref_template="#/$defs/{name}", schema_hook=lambda _: {"type": ["string", "number"]}
    )
    _nest(parts, catalogue or load_catalogue())
    _as_written(parts)
    for part in parts.values():
        part["description"] = inspect.cleandoc(part.get("description", ""))
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Nephroline {kind}",
        "$ref": f"#/$defs/{root.__name__}",
        "$defs": {name: parts[name] for name in sorted(_reachable(root.__name__, parts))},
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _nest(parts: dict[str, Any], catalogue: Catalogue) -> None:
    """Say what the rows are that the readers take one by one, and name every analyte and finding."""
    for shape, table in _ROWS.items():
        if shape in parts:
            for field, row in table.items():
                parts[shape]["properties"][field]["items"] = {"$ref": f"#/$defs/{row.__name__}"}
    for analyte in catalogue.analytes.values():
        shown = ", ".join((*analyte.units, *analyte.words))
        for name in (analyte.id, *analyte.synonyms):
            parts["ObservationRow"]["properties"][name] = {
                "type": "string",
                "description": f"{analyte.title}: {shown}, or unknown",
            }
    one = {"$ref": "#/$defs/AssertionRow"}
    parts["RecordFile"]["properties"]["findings"] = {
        "type": "object",
        "properties": {
            a.id: {"description": a.title, "anyOf": [one, {"type": "array", "items": one}]}
            for a in catalogue.assertions.values()
        }
        | {
            name: {
                "description": f"label in the chart: {label.title}",
                "anyOf": [one, {"type": "array", "items": one}],
            }
            for label in catalogue.labels.values()
            for name in _ways_to_write(label)
        },
        "additionalProperties": False,
    }
    if "ScenarioFile" in parts:
        parts["ScenarioFile"]["properties"]["record"] = {"$ref": "#/$defs/RecordFile"}
    for name in ("ModuleFile", "PathwayFile"):
        if name in parts:
            fields = parts[name]["properties"]
            fields["catalogue"] = {"$ref": "#/$defs/CatalogueFile"}
            for field, shape in _NAMED.items():
                fields[field]["additionalProperties"] = {"$ref": f"#/$defs/{shape.__name__}"}


def _ways_to_write(label: Named) -> list[str]:
    """The names of a field that tells a label, with dashes and with underscores."""
    names = [spelling(name) for name in (label.title, *label.synonyms)]
    return list(dict.fromkeys([*names, *(name.replace("-", "_") for name in names)]))


def _as_written(parts: dict[str, Any]) -> None:
    """Say of catalogue entries what a file holds: quantities and units are text, one may replace another."""
    parts["Quantity"] = {"type": "string", "description": "A number with a unit, such as 1 mg/kg/d."}
    unit = parts.pop("Unit")
    parts["UnitEntry"] = unit
    parts["Unit"] = {"type": "string", "description": "The code of a unit."}
    parts["CatalogueFile"]["properties"]["units"]["items"] = {"$ref": "#/$defs/UnitEntry"}
    for shape in SECTIONS.values():
        name = "UnitEntry" if shape.__name__ == "Unit" else shape.__name__
        if name in parts:
            parts[name]["properties"]["replaces"] = {
                "type": "boolean",
                "description": "Whether it changes the entry of this id that comes with Nephroline.",
            }


def _reachable(name: str, parts: dict[str, Any]) -> set[str]:
    seen: set[str] = set()
    todo = [name]
    while todo:
        here = todo.pop()
        if here not in seen:
            seen.add(here)
            todo += [ref.split("/")[-1] for ref in _refs(parts[here])]
    return seen


def _refs(value: Any) -> list[str]:
    if isinstance(value, dict):
        here = mapping(value)
        own: list[str] = [here["$ref"]] if "$ref" in here else []
        return own + [ref for inner in here.values() for ref in _refs(inner)]
    if isinstance(value, list):
        return [ref for inner in iter(value) for ref in _refs(inner)]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return []
