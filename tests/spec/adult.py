"""The patient of whom chapters of the answer are told: a man of 40 years and 70 kg with FSGS on biopsy."""

from __future__ import annotations

from typing import Any

EXCLUDED = {"secondary_cause_excluded": {"value": True, "at": "0 wk"}}


def seen(at: str, proteinuria: str, albumin: str = "", **more: str) -> dict[str, str]:
    """What was measured on one day; his creatinine is 80 µmol/L unless *more* says otherwise."""
    row = {"at": at, "proteinuria": proteinuria, "creatinine": "80 µmol/L"} | more
    return row | {"albumin": albumin} if albumin else row


def adult(observations: list[Any], exposures: list[Any], **more: Any) -> dict[str, Any]:
    """His chart as data; *more* says otherwise of him, or adds to it."""
    return {
        "id": "x",
        "sex": "M",
        "age": "40 years",
        "weight": "70 kg",
        "height": "175 cm",
        "biopsies": [{"at": "0 wk", "glomeruli": 20, "diagnosis": "fsgs"}],
        "findings": EXCLUDED,
        "observations": observations,
        "exposures": exposures,
    } | more
