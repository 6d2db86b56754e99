"""What codes are taken for: each once, look-alikes never, and a site's own file in the place of ours."""

from __future__ import annotations

from pathlib import Path

import pytest
from charts import LOINC, bundle, condition, observation, quantity

from nephroline.catalogue import load_catalogue
from nephroline.errors import PathwayError
from nephroline.interop.fhir import Left, TakenFor, load_codes, read_fhir

CATALOGUE = load_catalogue()
CODES = load_codes(CATALOGUE)
LOOK_ALIKES = sorted(
    key for key, meaning in CODES.table.items() if isinstance(meaning, Left) and key[0].startswith("http://")
)
TAKEN = sorted(
    (code, meaning.id, meaning.only)
    for (system, code), meaning in CODES.table.items()
    if system == LOINC and isinstance(meaning, TakenFor) and meaning.kind == "analyte"
)


def test_there_are_codes_of_every_system() -> None:
    assert set(CODES.notices) == {"LOINC", "SNOMED CT", "RxNorm", "ICD-10", "ICD-10-CM", "ATC", "CVX"}
    assert all(CODES.notices.values())
    assert len(TAKEN) > 150
    assert len(LOOK_ALIKES) > 350


@pytest.mark.parametrize(("system", "code"), LOOK_ALIKES, ids=[code for _, code in LOOK_ALIKES])
def test_a_look_alike_is_not_taken(system: str, code: str) -> None:
    if system == LOINC:
        values = [
            observation(code, quantity(5, unit), id=unit) for unit in ("mg/dL", "g/L", "mg/g", "mmHg", "kg")
        ]
        found = read_fhir(bundle(*values, observation(code, "positive", id="words")))
    else:
        found = read_fhir(bundle(condition(code, system)))
    left = [fate for fate in found.reading.fates if not fate.resource.startswith("Patient")]
    assert left
    assert {fate.outcome for fate in left} == {"left-out"}
    assert all(" and is not: " in fate.because for fate in left)
    assert not {"observations", "conditions", "biopsies"} & set(found.record)


@pytest.mark.parametrize(("code", "analyte", "only"), TAKEN, ids=[code for code, _, _ in TAKEN])
def test_a_code_is_taken_for_its_analyte(code: str, analyte: str, only: str) -> None:
    known = CATALOGUE.analytes[analyte]
    if only == "words":
        value = observation(code, known.words[0])
    else:
        unit = CATALOGUE.units[known.units[0]]
        (low, high), *_ = (
            (p.low or 0, p.high or 0) for p in known.plausible if p.dimension == unit.dimension
        )
        shown = float((low + (high - low) / 3) / unit.factor)
        value = observation(code, quantity(round(shown, 2), unit.code), note=[{"text": "trough level"}])
    found = read_fhir(bundle(value))
    assert [analyte in row for row in found.record["observations"]] == [True]


def test_a_system_is_known_by_its_other_names() -> None:
    assert CODES.of("urn:oid:2.16.840.1.113883.6.1", "2160-0") == CODES.of(LOINC, "2160-0") is not None
    german = "http://fhir.de/CodeSystem/bfarm/icd-10-gm"
    assert CODES.of(german, "N04.0") == CODES.of("http://hl7.org/fhir/sid/icd-10", "N04.0") is not None
    assert CODES.of(german, "E11.90") == CODES.of("http://hl7.org/fhir/sid/icd-10", "E11")


def test_a_longer_icd_code_is_a_kind_of_a_shorter_one() -> None:
    icd = "http://hl7.org/fhir/sid/icd-10"
    assert CODES.of(icd, "E11.9") == CODES.of(icd, "E11")
    assert CODES.of(icd, "Z99.9") is None
    assert CODES.of(LOINC, "1751-7-9") is None


SITE = """
system: http://loinc.org
title: LOINC
notice: our own
takes:
  - {analyte: creatinine, codes: ["99999-1"]}
leaves:
  - {like: creatinine, because: another thing, codes: ["2160-0"]}
"""


def site(folder: Path, text: str) -> Path:
    (folder / "codes").mkdir()
    (folder / "codes" / "loinc.yaml").write_text(text)
    return folder


def test_a_file_of_a_site_stands_in_the_place_of_ours(tmp_path: Path) -> None:
    codes = load_codes(CATALOGUE, site(tmp_path, SITE))
    values = (observation("99999-1", quantity(1, "mg/dL")), observation("2160-0", quantity(2, "mg/dL")))
    found = read_fhir(bundle(*values), codes=codes)
    assert found.record["observations"] == [{"at": "2019-03-04", "creatinine": "1 mg/dL"}]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (SITE.replace("analyte: creatinine", "analyte: creatinin"), "no analyte `creatinin`"),
        (SITE.replace('["2160-0"]', '["99999-1"]'), "`99999-1` stands here twice"),
        (SITE.replace("analyte: creatinine, codes", "codes"), "expected what the codes are taken for"),
        (SITE.replace("takes:", "take:"), "take"),
    ],
)
def test_a_fault_in_a_file_of_codes_is_named_with_its_place(tmp_path: Path, wrong: str, told: str) -> None:
    with pytest.raises(PathwayError) as caught:
        load_codes(CATALOGUE, site(tmp_path, wrong))
    assert told in str(caught.value)
    assert "loinc.yaml:" in str(caught.value)
