"""Vaccines, and visits that date what was noted in them."""

from __future__ import annotations

from typing import Any

import pytest
from charts import ABOUT, Resource, bundle, concept, condition, observation, quantity

from nephroline.interop.fhir import FhirRecord, Use, read_fhir

CVX = "http://hl7.org/fhir/sid/cvx"
PROTEINURIA = "2889-4"


def read(*resources: Resource) -> FhirRecord:
    return read_fhir(bundle(*resources))


def fate(found: FhirRecord, name: str) -> tuple[Use, str]:
    (one,) = [fate for fate in found.reading.fates if fate.resource == name]
    return one.outcome, one.told or one.because


def vaccine(code: Resource, **more: Any) -> Resource:
    return {
        "resourceType": "Immunization",
        "id": "i1",
        "status": "completed",
        "vaccineCode": code,
        "patient": ABOUT,
        "occurrenceDateTime": "2019-02-11",
    } | more


def visit(start: str, end: str, **more: Any) -> Resource:
    return {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "finished",
        "subject": ABOUT,
        "period": {"start": start, "end": end},
    } | more


def undated(resource: Resource) -> Resource:
    dates = ("effectiveDateTime", "onsetDateTime")
    return {key: value for key, value in resource.items() if key not in dates} | {
        "encounter": {"reference": "Encounter/e1"}
    }


@pytest.mark.parametrize(
    ("code", "drug"),
    [
        (concept("37", CVX), "vaccine-yellow-fever"),
        (concept("133", CVX, "Pneumococcal conjugate PCV 13"), "vaccine-pneumococcal-conjugate"),
        (concept("J07BL01", "http://www.whocc.no/atc"), "vaccine-yellow-fever"),
        (concept(text="Shingrix"), "vaccine-zoster-recombinant"),
    ],
)
def test_a_vaccine_is_a_single_dose(code: Resource, drug: str) -> None:
    (row,) = read(vaccine(code)).record["exposures"]
    assert (row["drug"], row["from"], row["to"]) == (drug, "2019-02-11", "2019-02-11")
    assert "dose" not in row


@pytest.mark.parametrize(
    ("resource", "outcome", "words"),
    [
        (vaccine(concept("37", CVX), status="not-done"), Use.LEFT_OUT, "not-done"),
        (vaccine(concept("37", CVX), status="entered-in-error"), Use.LEFT_OUT, "entered-in-error"),
        (vaccine(concept("37", CVX), status="done?"), Use.NOT_UNDERSTOOD, "its status cannot be read"),
        (vaccine(concept("36", CVX)), Use.LEFT_OUT, "immune globulin"),
        (vaccine(concept("94", CVX, "MMRV")), Use.LEFT_OUT, "no vaccine that the catalogue has"),
        (
            vaccine(concept(text="no yellow fever vaccine (Stamaril)")),
            Use.NOT_UNDERSTOOD,
            "deny or doubt",
        ),
        (
            vaccine(concept("37", CVX), occurrenceDateTime="some day"),
            Use.NOT_UNDERSTOOD,
            "nothing says when",
        ),
    ],
)
def test_what_is_no_vaccine_given_makes_no_row(resource: Resource, outcome: Use, words: str) -> None:
    found = read(resource, observation(PROTEINURIA, quantity(5, "g/(24.h)")))
    assert "exposures" not in found.record
    told, why = fate(found, "Immunization/i1")
    assert told is outcome
    assert words in why


def test_a_visit_dates_what_has_no_date() -> None:
    found = read(
        undated(observation(PROTEINURIA, quantity(5, "g/(24.h)"))),
        undated(condition("73211009")),
        visit("2019-04-02T08:00:00+02:00", "2019-04-02T09:30:00+02:00"),
    )
    assert found.record["observations"][0]["at"] == "2019-04-02"
    assert found.record["conditions"][0]["at"] == "2019-04-02"
    assert fate(found, "Encounter/e1") == (
        Use.USED,
        f"the date of Observation/o-{PROTEINURIA}, Condition/c-73211009 (2019-04-02)",
    )


def test_a_date_of_its_own_goes_before_that_of_the_visit() -> None:
    dated = observation(PROTEINURIA, quantity(5, "g/(24.h)"), encounter={"reference": "Encounter/e1"})
    found = read(visit("2019-04-02", "2019-04-02"), dated)
    assert found.record["observations"][0]["at"] == "2019-03-04"
    assert fate(found, "Encounter/e1") == (Use.LEFT_OUT, "it dates nothing, and no rule asks about visits")


@pytest.mark.parametrize(
    "stay",
    [
        visit("2019-04-02", "2019-04-09"),
        visit("2019-04-02", ""),
        visit("2019-04-02", "2019-04-02", status="planned"),
        visit("2019-04-02", "2019-04-02", status="entered-in-error"),
        visit("2019-04-02", "2019-04-02", subject={"reference": "Patient/somebody-else"}),
    ],
)
def test_a_visit_of_no_single_day_dates_nothing(stay: Resource) -> None:
    there = observation("1751-7", quantity(20, "g/L"))
    found = read(stay, undated(observation(PROTEINURIA, quantity(5, "g/(24.h)"))), there)
    assert [sorted(row) for row in found.record["observations"]] == [["albumin", "at"]]
    assert fate(found, f"Observation/o-{PROTEINURIA}")[0] is Use.NOT_UNDERSTOOD
    assert fate(found, "Encounter/e1")[0] is Use.LEFT_OUT
