"""Charts on which something is about to begin or runs, and facts that forbid it: for law 14.

A chart is one of a few plain courses, or an untidy story, with a time to ask at; then some hazards are written into
it at that time or shortly before. All times are precise.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from untidy import Case, told
from writing import ZERO  # noqa: F401

Chart = dict[str, Any]


def hazardous(seed: int) -> Case:
    """A chart with hazards, and when to ask."""
    rng = random.Random(seed)
    if seed % 8 == AIMED_AT:
        chart, day = rng.choice(AIMED)(rng)
        return Case(chart, _at(day), precise=True)
    if rng.random() < 0.3:
        chart, at = told(rng.randrange, precise=True, style="wk")[:2]
        day = _day(at)
    else:
        chart, day = rng.choice(COURSES)(rng)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3))):
        rng.choice(HAZARDS)(chart, day, rng)
    if rng.random() < 0.1:
        _find(chart, "immunosuppression_cleared", day)
    return Case(chart, _at(day), precise=True)


def _at(day: Fraction | int) -> str:
    return f"{float(day):.10g} d"


def _day(at: str) -> Fraction:
    number, unit = at.split()
    return Fraction(number) * (7 if unit == "wk" else 1)


# -- plain courses -----------------------------------------------------------------------------------------


def _base(rng: random.Random, disease: str = "") -> Chart:
    at = "0 d"
    sex = rng.choice(("female", "male"))
    absent = ["diabetes", "psychiatric_disease", "osteoporosis", "hepatitis_c", "hiv", "syphilis"]
    conditions = [{"name": name, "present": False, "at": at} for name in absent]
    if sex == "female":
        conditions.append({"name": "pregnancy", "present": False, "at": at})
    return {
        "id": "hazard",
        "sex": sex,
        "age": rng.choice(("25 years", "34 years", "48 years", "67 years", "75 years")),
        "weight": "70 kg",
        "height": "172 cm",
        "biopsies": [{"at": at, "glomeruli": 24, "diagnosis": disease or rng.choice(("fsgs", "mcd"))}],
        "conditions": conditions,
        "findings": {
            name: {"value": value, "at": at}
            for name, value in (
                ("secondary_cause_excluded", True),
                ("diffuse_effacement", True),
                ("fertility_to_be_preserved", False),
                ("infection_screened", True),
            )
        },
        "observations": [_labs(0, "9 g/d", "18 g/L")],
        "exposures": [],
        "reactions": [],
    }


def _labs(day: int, proteinuria: str, albumin: str) -> dict[str, Any]:
    return {
        "at": _at(day),
        "proteinuria": proteinuria,
        "albumin": albumin,
        "creatinine": "80 µmol/L",
        "potassium": "4.4 mmol/L",
        "systolic": "124 mmHg",
        "diastolic": "76 mmHg",
        "leukocytes": "7 10^9/L",
        "neutrophils": "4 10^9/L",
    }


def _untreated(rng: random.Random) -> tuple[Chart, Fraction]:
    return _base(rng), Fraction(rng.choice((0, 3, 20)))


def _steroid_is_out(rng: random.Random) -> tuple[Chart, Fraction]:
    chart = _base(rng)
    _find(chart, "steroid_unsuitable", Fraction(0))
    return chart, Fraction(rng.choice((0, 5)))


def _on_steroid(rng: random.Random) -> tuple[Chart, Fraction]:
    chart = _base(rng)
    chart["exposures"].append(_row("prednisolone", rng.choice(("70 mg/d", "40 mg/d")), 0))
    chart["observations"].append(_labs(42, "8.8 g/d", "19 g/L"))
    return chart, Fraction(rng.choice((42, 50)))


def _resistant(rng: random.Random) -> tuple[Chart, Fraction]:
    chart = _base(rng)
    chart["exposures"].append(_row("prednisolone", "70 mg/d", 0))
    chart["observations"].append(_labs(119, "8.8 g/d", "19 g/L"))
    return chart, Fraction(rng.choice((119, 125)))


def _on_calcineurin_inhibitor(rng: random.Random) -> tuple[Chart, Fraction]:
    chart, _ = _resistant(rng)
    chart["exposures"][0]["to"] = _at(125)
    drug, dose, level = rng.choice(
        (("cyclosporine", "120 mg bid", "140 ng/mL"), ("tacrolimus", "3 mg bid", "6.5 ng/mL"))
    )
    chart["exposures"].append(_row(drug, dose, 120))
    until = rng.choice((160, 200, 320))
    state = rng.choice((("8 g/d", "20 g/L"), ("8 g/d", "20 g/L"), ("2 g/d", "32 g/L"), ("0.2 g/d", "40 g/L")))
    level = rng.choice((level, level, "60 ng/mL" if drug == "cyclosporine" else "3 ng/mL"))
    chart["observations"].append(_labs(until, *state) | {f"{drug}_trough": level})
    return chart, Fraction(until)


def _dependent(rng: random.Random) -> tuple[Chart, Fraction]:
    """Steroid that brought remission, and relapses while it was lowered, once or twice."""
    chart = _base(rng)
    chart["exposures"] = [
        _row("prednisolone", "70 mg/d", 0, 60),
        _row("prednisolone", "15 mg/d", 60, 150),
        _row("prednisolone", "70 mg/d", 150, 200),
        _row("prednisolone", "10 mg/d", 200),
    ]
    chart["observations"] += [
        _labs(50, "0.1 g/d", "38 g/L"),
        _labs(150, "7 g/d", "20 g/L"),
        _labs(190, "0.1 g/d", "39 g/L"),
    ]
    if rng.random() < 0.5:
        chart["observations"].append(_labs(260, "7 g/d", "21 g/L"))
        return chart, Fraction(260)
    return chart, Fraction(200)


def _on(drug: str, dose: str) -> Callable[[random.Random], tuple[Chart, Fraction]]:
    def course(rng: random.Random) -> tuple[Chart, Fraction]:
        chart, _ = _dependent(rng)
        chart["observations"] = chart["observations"][:4]
        chart["exposures"].append(_row(drug, dose, 195))
        state = rng.choice((("0.2 g/d", "40 g/L"), ("2 g/d", "33 g/L"), ("6 g/d", "22 g/L")))
        chart["observations"].append(_labs(230, *state))
        return chart, Fraction(230)

    return course


COURSES = (
    _untreated,
    _untreated,
    _steroid_is_out,
    _on_steroid,
    _resistant,
    _resistant,
    _on_calcineurin_inhibitor,
    _on_calcineurin_inhibitor,
    _dependent,
    _dependent,
    _on("mycophenolate mofetil", "1 g bid"),
    _on("cyclophosphamide", "150 mg/d"),
)


# -- hazards -----------------------------------------------------------------------------------------------


def _row(drug: str, dose: str | None, start: int, end: int | None = None) -> dict[str, Any]:
    row: dict[str, Any] = {"drug": drug, "from": _at(start)}
    if dose is not None:
        row["dose"] = dose
    if end is not None:
        row["to"] = _at(end)
    return row


def _find(chart: Chart, name: str, day: Fraction, *, value: bool = True) -> None:
    chart.setdefault("findings", {})[name] = {"value": value, "at": _at(day)}


def _noted(
    *names: str, states: tuple[str | None, ...] = (None,)
) -> Callable[[Chart, Fraction, random.Random], None]:
    def write(chart: Chart, day: Fraction, rng: random.Random) -> None:
        name, state = rng.choice(names), rng.choice(states)
        if name == "pregnancy" and chart.get("sex") != "female":
            chart["sex"] = "female"
        when = day - rng.choice((0, 0, 5, 30, 130))
        row = {"name": name, "at": _at(when)} | ({"control": state} if state else {})
        chart["conditions"] = [c for c in chart["conditions"] if c["name"] != name] + [row]

    return write


def _treated(name: str, drug: str, dose: str) -> Callable[[Chart, Fraction, random.Random], None]:
    def write(chart: Chart, day: Fraction, rng: random.Random) -> None:
        _noted(name)(chart, day, rng)
        row = {"drug": drug, "dose": dose, "from": _at(day - rng.choice((10, 20)))}
        ended = rng.choice((None, None, 5))
        chart["exposures"].append(row if ended is None else row | {"to": _at(day - ended)})

    return write


def _measured(name: str, *values: str) -> Callable[[Chart, Fraction, random.Random], None]:
    def write(chart: Chart, day: Fraction, rng: random.Random) -> None:
        when = _at(day - rng.choice((0, 0, 0, 5, 100)))
        for row in chart["observations"]:
            if row["at"] == when:
                row[name] = rng.choice(values)
                return
        chart["observations"].append({"at": when, name: rng.choice(values)})

    return write


def _risen(chart: Chart, day: Fraction, rng: random.Random) -> None:
    """The creatinine goes up within days or weeks."""
    before = day - rng.choice((3, 6, 40))
    for when, value in ((before, "80 µmol/L"), (day, rng.choice(("125 µmol/L", "140 µmol/L", "200 µmol/L")))):
        for row in chart["observations"]:
            if row["at"] == _at(when):
                row["creatinine"] = value
                break
        else:
            chart["observations"].append({"at": _at(when), "creatinine": value})


def _taken(*drugs: tuple[str, str | None]) -> Callable[[Chart, Fraction, random.Random], None]:
    def write(chart: Chart, day: Fraction, rng: random.Random) -> None:
        drug, dose = rng.choice(drugs)
        if all(row["drug"] != drug for row in chart["exposures"]):
            row = {"drug": drug, "from": _at(day - rng.choice((1, 30)))}
            chart["exposures"].append(row | ({"dose": dose} if dose else {}))

    return write


def _reacted(chart: Chart, day: Fraction, rng: random.Random) -> None:
    drug = rng.choice(
        (
            "cyclosporine",
            "tacrolimus",
            "mycophenolate mofetil",
            "cyclophosphamide",
            "rituximab",
            "prednisolone",
        )
    )
    start = _at(day - 20)
    if all(row["drug"] != drug for row in chart["exposures"]):
        chart["exposures"].append(
            {"drug": drug, "from": start, "to": _at(day - 10), "stopped_for": "toxicity"}
        )
    chart.setdefault("reactions", []).append({"drug": drug, "at": _at(day - 10), "what": "rash"})


def _long_ago(chart: Chart, day: Fraction, rng: random.Random) -> None:
    """Much cyclophosphamide, years before."""
    if any(row["drug"] == "cyclophosphamide" for row in chart["exposures"]):
        return
    days = rng.choice((70, 90, 260))
    chart["exposures"].append(_row("cyclophosphamide", "150 mg/d", -1500, -1500 + days))


def _asserted(name: str) -> Callable[[Chart, Fraction, random.Random], None]:
    def write(chart: Chart, day: Fraction, rng: random.Random) -> None:
        _find(chart, name, day - rng.choice((0, 10)))

    return write


def _young(chart: Chart, day: Fraction, rng: random.Random) -> None:
    chart["age"] = rng.choice(("9 years", "16 years"))


def _not_biopsied(chart: Chart, day: Fraction, rng: random.Random) -> None:
    chart["biopsies"] = []


def _fertility_not_asked(chart: Chart, day: Fraction, rng: random.Random) -> None:
    chart["findings"].pop("fertility_to_be_preserved", None)


def _harmed_by_calcineurin_inhibitor(chart: Chart, day: Fraction, rng: random.Random) -> None:
    """A course that ended for a creatinine that rose on it, and stays up."""
    if any(row["drug"] in ("cyclosporine", "tacrolimus") for row in chart["exposures"]) or day < 100:
        return
    drug, dose = rng.choice((("cyclosporine", "100 mg bid"), ("tacrolimus", "3 mg bid")))
    chart["exposures"].append(_row(drug, dose, int(day) - 60, int(day) - 5))
    for at in (_at(int(day) - 10), _at(day)):
        for row in chart["observations"]:
            if row["at"] == at:
                row.pop("creatinine", None)
        chart["observations"].append({"at": at, "creatinine": "150 µmol/L"})


def _another(chart: Chart, day: Fraction, rng: random.Random) -> None:
    chart["biopsies"] = [
        {"at": "0 d", "glomeruli": 20, "diagnosis": rng.choice(("iga-nephropathy", "lupus-nephritis"))}
    ]


def _sub_nephrotic(chart: Chart, day: Fraction, rng: random.Random) -> None:
    chart["exposures"] = []
    chart["observations"] = [_labs(int(day), "2.1 g/d", rng.choice(("38 g/L", "29 g/L")))]


HAZARDS = (
    _noted("tuberculosis", states=(None, "active", "latent")),
    _noted("strongyloides"),
    _noted("hepatitis_b", states=(None, "active", "uncontrolled")),
    _noted(
        "sepsis", "pneumonia", "pneumocystis_pneumonia", "peritonitis", "cytomegalovirus_disease", "infection"
    ),
    _noted("pregnancy"),
    _noted("pregnancy"),
    _noted("acute_kidney_injury"),
    _noted("kidney_failure", "dialysis"),
    _noted("hypertension", states=("uncontrolled", "severe", "controlled")),
    _noted("cancer", "lymphoma", "non_hodgkin_lymphoma", "hodgkin_lymphoma"),
    _noted(
        "psychiatric_disease", "diabetes", "osteoporosis", states=("uncontrolled", "severe", "controlled")
    ),
    _noted("calcineurin_neurotoxicity", "calcineurin_nephrotoxicity", "steroid_psychosis"),
    _noted("genetic_fsgs", "secondary_fsgs"),
    _treated("tuberculosis", "isoniazid", "300 mg/d"),
    _treated("hepatitis_b", "entecavir", "0.5 mg/d"),
    _treated("pneumonia", "amoxicillin", "1500 mg/d"),
    _measured("potassium", "5.4 mmol/L", "5.9 mmol/L", "6.4 mmol/L"),
    _measured("systolic", "158 mmHg", "164 mmHg", "186 mmHg", "84 mmHg"),
    _measured("diastolic", "98 mmHg", "104 mmHg", "122 mmHg"),
    _measured("neutrophils", "1.1 10^9/L"),
    _measured("leukocytes", "3.1 10^9/L"),
    _measured("creatinine", "260 µmol/L", "3.6 mg/dL"),
    _risen,
    _risen,
    _taken(("simvastatin", "20 mg/d"), ("lovastatin", "20 mg/d"), ("pitavastatin", "2 mg/d")),
    _taken(("azathioprine", "100 mg/d"), ("bosentan", "125 mg/d"), ("sparsentan", "400 mg/d")),
    _taken(("ramipril", "5 mg/d"), ("losartan", "50 mg/d"), ("spironolactone", "25 mg/d")),
    _taken(("tacrolimus", "2 mg bid"), ("cyclosporine", "100 mg bid")),
    _reacted,
    _long_ago,
    _not_biopsied,
    _fertility_not_asked,
    _harmed_by_calcineurin_inhibitor,
    _asserted("steroid_unsuitable"),
    _asserted("calcineurin_inhibitor_unsuitable"),
    _asserted("kidney_transplant"),
    _asserted("fertility_to_be_preserved"),
    _young,
    _another,
    _sub_nephrotic,
)


# -- aimed at one block ------------------------------------------------------------------------------------
# Of chance alone hardly a chart is made in which these decide.


def _while_a_cause_is_taken(rng: random.Random) -> tuple[Chart, Fraction]:
    chart, day = _untreated(rng)
    drug = rng.choice(("lithium", "interferon", "pamidronate", "sirolimus"))
    chart["exposures"].append(_row(drug, None, -200))
    return chart, day


def _harmed_by_one_or_both(rng: random.Random) -> tuple[Chart, Fraction]:
    """Steroid is out, and of the two calcineurin inhibitors one did harm, or both."""
    chart, day = _steroid_is_out(rng)
    for drug in rng.choice((("cyclosporine",), ("tacrolimus",), ("cyclosporine", "tacrolimus"))):
        chart["reactions"].append({"drug": drug, "at": "-30 d", "what": "rash"})
    return chart, day


def _after_its_total(rng: random.Random) -> tuple[Chart, Fraction]:
    """A lifetime's cyclophosphamide long ago, and relapses now."""
    chart, day = _dependent(rng)
    chart["exposures"].append(_row("cyclophosphamide", "150 mg/d", -1500, -1500 + rng.choice((240, 245))))
    return chart, day


def _with_a_child_in_view(rng: random.Random) -> tuple[Chart, Fraction]:
    chart, day = _dependent(rng)
    chart |= {"sex": "female", "age": "30 years"}
    _find(chart, "pregnancy_wished", Fraction(0))
    chart["conditions"].append({"name": "pregnancy", "present": False, "at": _at(day)})
    return chart, day


AIMED_AT = 5
AIMED = (
    _while_a_cause_is_taken,
    _harmed_by_one_or_both,
    _after_its_total,
    _with_a_child_in_view,
)
