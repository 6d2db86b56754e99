"""Analytes, drugs, regimens, conditions, units and sources: everything a chart or rule may name."""

from nephroline.catalogue.catalogue import Catalogue
from nephroline.catalogue.fields import ReviewDate
from nephroline.catalogue.files import data_root, digest, plain
from nephroline.catalogue.formulary import Supply
from nephroline.catalogue.formulas import Formula, SexTerms
from nephroline.catalogue.keeping import kept
from nephroline.catalogue.load import CODES, SECTIONS, Piece, load_catalogue, read_catalogue
from nephroline.catalogue.models import (
    Analyte,
    Burden,
    Drug,
    DrugClass,
    Named,
    Regimen,
    RegimenDose,
    Source,
    Target,
    Variation,
    phrase,
    spelling,
)
from nephroline.catalogue.schedules import Schedule, ScheduleStep, often

__all__ = [
    "CODES",
    "SECTIONS",
    "Analyte",
    "Burden",
    "Catalogue",
    "Drug",
    "DrugClass",
    "Formula",
    "Named",
    "Piece",
    "Regimen",
    "RegimenDose",
    "ReviewDate",
    "Schedule",
    "ScheduleStep",
    "SexTerms",
    "Source",
    "Supply",
    "Target",
    "Variation",
    "data_root",
    "digest",
    "kept",
    "load_catalogue",
    "often",
    "phrase",
    "plain",
    "read_catalogue",
    "spelling",
]
