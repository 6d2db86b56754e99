"""JSON Schemas of the public formats, generated from the structs that read and write them."""

from __future__ import annotations

import inspect
import json
from typing import Any

import msgspec

from nephroline.catalogue import load_catalogue
from nephroline.consultation import Consultation
from nephroline.pathway.shapes import (
    ApplicabilityEntry,
    DefinitionEntry,
    ExposureEntry,
    GapEntry,
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
from nephroline.replaying import DidEntry, ExpectEntry, ScenarioFile
from nephroline.yamlfile import mapping

KINDS = ("record", "scenario", "pathway", "consultation")
_ROWS: dict[str, dict[str, Any]] = {
    "RecordFile": {
        "conditions": ConditionRow,
        "biopsies": BiopsyRow,
        "observations": ObservationRow,
        "exposures": ExposureRow,
        "procedures": ProcedureRow,
    },
    "PathwayFile": {
        "definitions": DefinitionEntry,
        "exposure": ExposureEntry,
        "responses": ResponseEntry,
        "indeterminate": GapEntry,
        "applicability": ApplicabilityEntry,
        "rules": RuleEntry,
    },
    "ScenarioFile": {"expect": ExpectEntry, "clinicians_did": DidEntry},
}
_ROOTS = {
    "record": RecordFile,
    "scenario": ScenarioFile,
    "pathway": PathwayFile,
    "consultation": Consultation,
}


def schema_text(kind: str) -> str:
    """The JSON Schema (draft 2020-12) of a public format, as text."""
    root = _ROOTS[kind]
    rows = [row for table in _ROWS.values() for row in table.values()]
    shapes = [root, RecordFile, *rows, AssertionRow, ThresholdEntry]
    _, parts = msgspec.json.schema_components(shapes, ref_template="#/$defs/{name}")
    _nest(parts)
    for part in parts.values():
        part["description"] = inspect.cleandoc(part.get("description", ""))
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Nephroline {kind}",
        "$ref": f"#/$defs/{root.__name__}",
        "$defs": {name: parts[name] for name in sorted(_reachable(root.__name__, parts))},
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _nest(parts: dict[str, Any]) -> None:
    """Say what the rows are that the readers take one by one, and name every analyte and finding."""
    catalogue = load_catalogue()
    for shape, table in _ROWS.items():
        if shape in parts:
            for field, row in table.items():
                parts[shape]["properties"][field]["items"] = {"$ref": f"#/$defs/{row.__name__}"}
    for analyte in catalogue.analytes.values():
        shown = ", ".join((*analyte.units, *analyte.words))
        parts["ObservationRow"]["properties"][analyte.id] = {
            "type": "string",
            "description": f"{analyte.title}: {shown}, or unknown",
        }
    one = {"$ref": "#/$defs/AssertionRow"}
    parts["RecordFile"]["properties"]["findings"] = {
        "type": "object",
        "properties": {
            a.id: {"description": a.title, "anyOf": [one, {"type": "array", "items": one}]}
            for a in catalogue.assertions.values()
        },
        "additionalProperties": False,
    }
    if "ScenarioFile" in parts:
        parts["ScenarioFile"]["properties"]["record"] = {"$ref": "#/$defs/RecordFile"}
    if "PathwayFile" in parts:
        parts["PathwayFile"]["properties"]["thresholds"]["additionalProperties"] = {
            "$ref": "#/$defs/ThresholdEntry"
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
