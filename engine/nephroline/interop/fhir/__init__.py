"""FHIR R4: charts read from Bundles, `$everything` and Bulk Data, and written as Bundles."""

from nephroline.interop.fhir.codes import (
    Codes,
    CodesFile,
    Left,
    LeftRow,
    TakenFor,
    TakenRow,
    WrittenRow,
    load_codes,
)
from nephroline.interop.fhir.guidance import answer_as_fhir, outcome_of
from nephroline.interop.fhir.read import FhirRecord, read_fhir
from nephroline.interop.fhir.reading import Account, Fate, Use
from nephroline.interop.fhir.source import is_fhir
from nephroline.interop.fhir.writing import write_fhir

__all__ = [
    "Account",
    "Codes",
    "CodesFile",
    "Fate",
    "FhirRecord",
    "Left",
    "LeftRow",
    "TakenFor",
    "TakenRow",
    "Use",
    "WrittenRow",
    "answer_as_fhir",
    "is_fhir",
    "load_codes",
    "outcome_of",
    "read_fhir",
    "write_fhir",
]
