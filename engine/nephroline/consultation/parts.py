"""What an answer tells of the chart itself: the patient, the latest values, what is taken and was given."""

from __future__ import annotations

import msgspec


class OfAnswer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The base of every part of an answer."""


class When(OfAnswer, frozen=True):
    """A time: days from time zero, and how the chart calls it."""

    offset_days: float
    label: str


class PatientOut(OfAnswer, frozen=True):
    """Who the patient is at the decision time, as far as the chart says; what it does not say is empty.

    `diagnosis`: what the last biopsy shows. `conditions`: what is there, the last noted first;
    then what a clinician judged of the patient, and the drugs that were not borne.
    """

    sex: str
    age: str
    weight: str
    diagnosis: str
    conditions: list[str] = []


class LatestOut(OfAnswer, frozen=True):
    """The latest value of an analyte, or the report of it in words, and the one before it.

    `then`: a later word that tells no value, such as rising.
    `judged_by`: whether the course of the disease is judged by it, or it is a level of a drug that is taken.
    """

    analyte: str
    title: str
    short: str
    value: str
    at: When
    before: str
    before_at: When | None
    then: str
    judged_by: bool


class TakenOut(OfAnswer, frozen=True):
    """A drug that is taken at the decision time, or (`certain` false) may be; `since` its present dose.

    `at_once`: it was given in single doses, the last of them at `since`, and acts.
    """

    drug: str
    name: str
    dose: str
    since: When
    certain: bool
    at_once: bool = False


class MonitoringOut(OfAnswer, frozen=True):
    """A value that a running drug asks for: when it was last seen since the drug began, when it is due.

    `days_overdue` is negative while there is still time.
    """

    measure: str
    title: str
    drug: str
    every: str
    last: When | None
    due: When
    days_overdue: float
    overdue: bool
    citation: str
    confidence: str


class DerivedOut(OfAnswer, frozen=True):
    """An analyte as it is computed from the last value of another, such as eGFR, and the way it goes.

    `before`: as it was a while earlier. `trend`: stable, rising or falling by then; empty without one.
    `then`: what was told of the source since in words or as a bound, so that this is not that of now.
    """

    analyte: str
    title: str
    value: str
    at: When
    formula: str
    before: str
    before_at: When | None
    trend: str
    then: str = ""


class TotalOut(OfAnswer, frozen=True):
    """How much of an immunosuppressant was given so far, in how many weeks, and what is missing to tell.

    `weeks` to `weeks_most`: the least and the most that imprecise dates leave open.
    """

    drug: str
    weeks: float
    weeks_most: float
    amount: str
    needs: list[str]


class SummaryOut(OfAnswer, frozen=True):
    """One entry of the summary: its label, and what is told under it, the weightier first.

    `basis`: how many items at the end tell only why, and on whose authority; they are left out first.
    """

    label: str
    items: list[str]
    basis: int = 0
