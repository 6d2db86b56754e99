"""Charts drawn at random, as data: small, plausible, and full of edges."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

MONTHS = st.integers(0, 30)
VALUES = {
    "proteinuria": [
        "0.2 g/d",
        "0.3 g/d",
        "2 g/d",
        "3.5 g/d",
        "3.6 g/d",
        "7 g/d",
        "9 g/d",
        "4000 mg/g",
        "250 mg/g",
        "360 mg/mmol",
        "nephrotic-range",
        "falling",
        "unknown",
    ],
    "albumin": ["1.5 g/dL", "3.0 g/dL", "36 g/L", "4.1 g/dL", "unknown"],
    "creatinine": [
        "0.9 mg/dL",
        "1.0 mg/dL",
        "1.2 mg/dL",
        "2.5 mg/dL",
        "88.4 µmol/L",
        "stable",
        "normal",
        "unknown",
    ],
    "response": ["complete-remission", "no-response", "relapse", "partial-remission"],
    "cyclosporine_trough": ["60 ng/mL", "125 ng/mL", "150 ng/mL", "unknown"],
    "renal_function": ["stable", "worse"],
}
DOSES = {
    "prednisolone": ["1 mg/kg/d", "0.15 mg/kg/d", "60 mg/d", "10 mg/d", "2 mg/kg/2d", "unknown"],
    "cyclosporine": ["3.5 mg/kg/d", "100 mg/d", "unknown"],
    "mycophenolate mofetil": ["2000 mg/d", "1000 mg/d", "500 mg/d", "unknown"],
    "tacrolimus": ["0.1 mg/kg/d"],
    "cyclophosphamide": ["2 mg/kg/d"],
    "simvastatin": ["20 mg/d"],
    "losartan": ["50 mg/d"],
    "ramipril": ["10 mg/d"],
}


@st.composite
def charts(draw: st.DrawFn, *, imprecise: bool = True) -> dict[str, Any]:
    """Draw a chart. Times are months; one value of an analyte for each time."""
    observations: list[dict[str, Any]] = []
    for month in draw(st.lists(MONTHS, max_size=7, unique=True)):
        names = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=4, unique=True))
        if {"creatinine", "renal_function"} <= set(names):
            names.remove("renal_function")
        late = month + draw(st.integers(0, 3)) if imprecise else month
        at: Any = f"{month} mo" if late == month else {"between": [f"{month} mo", f"{late} mo"]}
        observations.append({"at": at} | {name: draw(st.sampled_from(VALUES[name])) for name in names})
    exposures: list[dict[str, Any]] = []
    for drug in draw(st.lists(st.sampled_from(sorted(DOSES)), max_size=4, unique=True)):
        start = draw(st.integers(0, 20))
        row: dict[str, Any] = {
            "drug": drug,
            "dose": draw(st.sampled_from(DOSES[drug])),
            "from": f"{start} mo",
        }
        if draw(st.booleans()):
            row["to"] = f"{start + draw(st.integers(1, 12))} mo"
            if draw(st.booleans()):
                row["stopped_for"] = draw(st.sampled_from(["no-response", "toxicity", "remission"]))
        if drug == "cyclosporine" and draw(st.booleans()):
            row["trough_target"] = "125-175 ng/mL"
        exposures.append(row)
    chart: dict[str, Any] = {
        "id": "drawn",
        "age": "40 years",
        "observations": observations,
        "exposures": exposures,
    }
    if draw(st.booleans()):
        chart["sex"] = draw(st.sampled_from(["male", "female"]))
    if draw(st.booleans()):
        chart["weight"] = "60 kg"
    if draw(st.booleans()):
        chart["biopsies"] = [{"at": "0 mo", "glomeruli": draw(st.sampled_from([0, 7, 20]))}]
        if chart["biopsies"][0]["glomeruli"]:
            chart["biopsies"][0]["diagnosis"] = draw(st.sampled_from(["fsgs", "mcd", "membranous"]))
    conditions = draw(
        st.lists(
            st.sampled_from(["hypertension", "hepatitis_c", "diabetes", "pregnancy"]), max_size=3, unique=True
        )
    )
    chart["conditions"] = [
        {
            "name": name,
            "at": "0 mo",
            # A pregnant man is refused as a contradiction.
            "present": draw(st.booleans()) and not (name == "pregnancy" and chart.get("sex") == "male"),
            "control": draw(st.sampled_from(["uncontrolled", "controlled"])),
        }
        for name in conditions
    ]
    if draw(st.booleans()):
        chart["findings"] = {"secondary_cause_excluded": {"value": draw(st.booleans()), "at": "1 mo"}}
    return chart
