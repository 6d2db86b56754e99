"""Cohorts: the decisions of many patients, in tables.

Rows of Parquet, resources of FHIR and records become one kind of chart (`charts`), one function from a batch
of charts to a batch of decisions judges them (`judging`), and a pool of processes runs it (`running`).
"""

from nephroline.cohort.judging import EVERY, LATEST, CohortQuestion, Judge
from nephroline.cohort.layout import CHARTS, JUDGED, layout_as_data
from nephroline.cohort.page import cohort_page
from nephroline.cohort.running import (
    Manifest,
    Progressed,
    RunOptions,
    Summary,
    chart_in,
    last_time,
    manifest_of,
    run_cohort,
)

__all__ = [
    "CHARTS",
    "EVERY",
    "JUDGED",
    "LATEST",
    "CohortQuestion",
    "Judge",
    "Manifest",
    "Progressed",
    "RunOptions",
    "Summary",
    "chart_in",
    "cohort_page",
    "last_time",
    "layout_as_data",
    "manifest_of",
    "run_cohort",
]
