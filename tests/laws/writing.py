"""Writes an untidy chart, row by row: times, values and doses in the forms in which people write them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

MONTH = Fraction(487, 16)
ZERO = date(2015, 3, 1)


class Writer:
    """Writes one chart; one use. `now` is how far the story has come, in days."""

    def __init__(self, choose: Callable[[int], int], *, precise: bool, style: str | None) -> None:
        self.choose, self.precise = choose, precise
        self.style = style or self.pick("mo", "mo", "wk", "wk", "date")
        self.form = self.pick("g/d", "g/d", "g/d", "g/g", "mg/mmol", "words")
        self.nephrotic = self.pick(8, 6, 11, 16)
        self.now = Fraction(0)
        self.exposures: list[dict[str, Any]] = []
        self.seen: dict[Fraction, dict[str, Any]] = {}
        self.marks: list[Fraction] = [Fraction(0)]
        self.reactions: list[dict[str, Any]] = []

    # -- drawing -----------------------------------------------------------------------------------

    def pick(self, *choices: Any) -> Any:
        return choices[self.choose(len(choices))]

    def chance(self, percent: int) -> bool:
        return self.choose(100) >= 100 - percent

    def span(self, low: int, high: int) -> Fraction:
        """A length of so many weeks, in the steps in which this chart counts."""
        weeks = low + self.choose(high - low + 1)
        if self.style == "mo":
            return MONTH * max(1, round(weeks * 14 / MONTH)) / 2 if weeks else Fraction(0)
        loose = self.choose(4) if self.style == "date" and weeks else 0
        return Fraction(weeks * 7 + loose)

    def half(self, start: Fraction, end: Fraction) -> Fraction:
        """A time midway; a whole day where days are dates."""
        middle = (start + end) / 2
        return Fraction(int(middle)) if self.style == "date" else middle

    def when(self, day: Fraction) -> str:
        """A time as this chart writes it."""
        if self.style == "date":
            return (ZERO + timedelta(days=round(day))).isoformat()
        for unit, size in (("mo", MONTH / 2), ("wk", Fraction(7))):
            if day % size == 0:
                count = day / size
                return f"{float(count / 2):g} mo" if unit == "mo" else f"{int(count)} wk"
        return f"{float(day):.10g} d"

    def about(self, day: Fraction) -> Any:
        """A time, sometimes between two bounds."""
        if self.precise or not self.chance(6):
            return self.when(day)
        if self.style == "date" and self.chance(40):
            return self.when(day)[:7]
        early, late = day - self.span(0, 4), day + self.span(0, 6)
        return {"between": [self.when(early), self.when(late)]}

    # -- what is seen ------------------------------------------------------------------------------

    def see(self, state: str, day: Fraction | None = None) -> None:
        """Write down how the disease stands, in the form of this chart or another; sometimes in words."""
        day = self.now if day is None else day
        self.marks.append(day)
        row = self.seen.setdefault(day, {})
        form = self.form if self.chance(85) else self.pick("g/d", "g/g", "mg/g", "mg/mmol", "words")
        if form == "words" or self.chance(12):
            word = self.pick(*_SAID[state])
            if word is not None:
                row.setdefault("response", word)
            if self.chance(60):
                return
            form = "g/d" if form == "words" else form
        grams = self._grams(state)
        if state in ("nephrotic", "relapse") and self.chance(8):
            row.setdefault("proteinuria", self.pick("nephrotic-range", "> 20 g/d", "3+", "unknown"))
        else:
            row.setdefault("proteinuria", _written(grams, form))
        if not self.chance(18):
            low = state in ("nephrotic", "half") or (state == "relapse" and self.chance(60))
            row.setdefault(
                "albumin",
                self.pick("20 g/L", "2.2 g/dL", "28 g/L", "low")
                if low
                else self.pick("41 g/L", "3.8 g/dL", "36 g/L", "3.9 g/dL", "42 g/L", "33 g/L"),
            )
        if not self.chance(20):
            row.setdefault("creatinine", self.pick("88 µmol/L", "1.0 mg/dL", "0.9 mg/dL", "normal"))
        elif self.chance(25):
            row.setdefault("creatinine", self.pick("140 µmol/L", "1.6 mg/dL", "2.9 mg/dL"))
        for name, *values in _LABS:
            if self.chance(7):
                row.setdefault(name, self.pick(*values))

    def _grams(self, state: str) -> float:
        base = float(self.nephrotic)
        match state:
            case "nephrotic" | "relapse":
                return round(base * float(self.pick(1.0, 0.9, 1.2, 0.7)), 2)
            case "half":
                return round(max(base * float(self.pick(0.45, 0.5, 0.4)), 3.6), 2)
            case "partial":
                return float(self.pick(1.2, 0.6, 2.4, 3.2))
            case "lost":
                return float(self.pick(0.6, 1.5, 3.0))
            case _:
                return float(self.pick(0.2, 0.1, 0.25, 0.15))

    # -- what is given -----------------------------------------------------------------------------

    def give(
        self, drug: str, dose: str | None, start: Fraction, end: Fraction | None, **more: Any
    ) -> dict[str, Any]:
        short = end is not None and end - start <= 45
        row: dict[str, Any] = {"drug": drug, "from": self.when(start) if short else self.about(start)} | more
        if dose is not None:
            row["dose"] = dose
        if end is not None:
            row["to"] = "unknown" if not self.precise and self.chance(2) else self.about(end)
            self.marks.append(end)
        if not self.precise and self.chance(3):
            row["taken"] = self.pick("no", "partly", "unknown")
        self.exposures.append(row | {"_": (start, end)})
        return self.exposures[-1]

    # -- what became of it -------------------------------------------------------------------------

    def outcome(self, does: str) -> None:
        state = {"none": "nephrotic", "unseen": ""}.get(does, does)
        if state and not self.chance(8):
            late = self.span(0, 4) if self.chance(30) else Fraction(0)
            self.see(state, self.now + late)
            self.now += late

    def reason(self, row: dict[str, Any], does: str) -> None:
        told = {"complete": "remission", "partial": "remission", "none": "no-response", "half": "no-response"}
        row["stopped_for"] = (
            told[does]
            if does in told and self.chance(50)
            else self.pick(
                "toxicity", "intolerance", "plan", "patient-choice", "other", "no-response", "relapse"
            )
        )
        if row["stopped_for"] in ("toxicity", "intolerance") and "class" not in row and self.chance(20):
            self.reactions.append(
                {"drug": row["drug"], "at": self.when(row["_"][1] or self.now), "what": "rash"}
            )

    def relapse(self) -> None:
        """The disease comes back, in one value or two; or remission is lost short of it."""
        if self.chance(15):
            self.see("lost")
            return
        self.see("relapse")
        if self.chance(45):
            self.now += self.span(1, 3)
            self.see("relapse")

    def rows(self) -> list[dict[str, Any]]:
        """The rows without what the story kept beside them; two of one drug never overlap."""
        kept: list[dict[str, Any]] = []
        by_drug: dict[str, list[dict[str, Any]]] = {}
        for row in sorted(self.exposures, key=lambda row: row["_"][0]):
            by_drug.setdefault(_SAME.get(row["drug"], row["drug"]), []).append(row)
        for rows in by_drug.values():
            last: dict[str, Any] | None = None
            for row in rows:
                start, _ = row["_"]
                if last is not None:
                    ended = last["_"][1] if "to" in last or "doses" in last else None
                    if last["_"][0] == start or ("doses" in last and ended is not None and ended > start):
                        continue
                    if "doses" not in last and (
                        ended is None
                        or ended > start
                        or not isinstance(last.get("to"), str)
                        or last["to"] == "unknown"
                    ):
                        last["to"] = row["from"] if "from" in row else self.when(start)
                        last["_"] = (last["_"][0], start)
                        last.pop("stopped_for", None)
                    if not isinstance(last.get("from", ""), str) or not isinstance(row.get("from", ""), str):
                        # Bounds of two rows could cross: where one ends the other begins.
                        for one in (last, row):
                            if "from" in one:
                                one["from"] = self.when(one["_"][0])
                        if "to" in last:
                            last["to"] = self.when(last["_"][1])
                kept.append(row)
                last = row
        return [{key: value for key, value in row.items() if key != "_"} for row in kept]


STEROIDS = (
    ("prednisolone", ("1 mg/kg/d", "80 mg/d")),
    ("prednisolone", ("1 mg/kg/d",)),
    ("prednisolone", ("1 mg/kg/d", "70 mg/d", "60 mg/d")),
    ("prednisolone", ("60 mg/d", "80 mg/d", "1 mg/kg/d", "40 mg/d")),
    ("prednisone", ("2 mg/kg/2d", "120 mg/2d", "120 mg every other day")),
    ("prednisone", ("60 mg/d", "1 mg/kg/d", "30 mg bid")),
    ("methylprednisolone", ("48 mg/d", "64 mg/d", "0.8 mg/kg/d")),
    ("prednisolone", ("unknown", "1 mg/kg/d", "0.5 mg/kg/d")),
    ("class", ("1 mg/kg/d", "60 mg/d", "unknown")),
)
STEROID_NAMES = ("prednisolone", "prednisone", "methylprednisolone", "glucocorticoid", "study steroid")
TAPERS = (
    ("40 mg/d", "20 mg/d", "10 mg/d"),
    ("30 mg/d", "10 mg/d"),
    ("0.5 mg/kg/d", "0.15 mg/kg/d"),
    ("40 mg/d",),
    ("40 mg/2d", "20 mg/2d"),
    ("50 mg/d", "40 mg/d", "30 mg/d", "10 mg/d", "5 mg/d"),
    ("unknown", "10 mg/d"),
)
CNI_DOSES = {
    "cyclosporine": ("3.5 mg/kg/d", "100 mg bid", "4 mg/kg/d", "unknown"),
    "tacrolimus": ("0.1 mg/kg/d", "3 mg bid", "0.05 mg/kg/d", "unknown"),
}
FIRST = (
    ("steroid",) * 8
    + ("relapsing",) * 2
    + ("calcineurin", "calcineurin", "mycophenolate", "cyclophosphamide", "rituximab", "other")
)
LATER = (
    *("steroid",) * 4,
    *("relapsing",) * 2,
    *("calcineurin",) * 6,
    *("mycophenolate",) * 3,
    *("combination",) * 2,
    *("cyclophosphamide",) * 2,
    *("rituximab",) * 2,
    "other",
)
CONDITIONS = (
    ("diabetes", "uncontrolled"),
    ("osteoporosis", "severe"),
    ("psychiatric_disease", "uncontrolled"),
    ("hepatitis_b", None),
    ("hypertension", "uncontrolled"),
    ("pneumonia", None),
    ("acute_kidney_injury", None),
    ("thrombosis", None),
    ("hepatitis_c", None),
    ("hepatitis_b_core", None),
)
BESIDE = (
    ("ramipril", "10 mg/d"),
    ("losartan", "50 mg/d"),
    ("sparsentan", "400 mg/d"),
    ("simvastatin", "20 mg/d"),
    ("co-trimoxazole", None),
    ("verapamil", "120 mg/d"),
    ("rifampicin", None),
    ("ibuprofen", None),
    ("allopurinol", None),
    ("digoxin", None),
    ("spironolactone", "25 mg/d"),
)
_SAID: dict[str, tuple[str | None, ...]] = {
    "complete": ("complete-remission", "complete-remission", "remission", "complete response"),
    "partial": ("partial-remission", "partial-remission", "remission"),
    "nephrotic": ("no-response", "no-response", "no remission"),
    "relapse": ("relapse",),
    "half": ("indeterminate", "no-response", "partial-remission"),
    "lost": (None, "indeterminate"),
}
_SAME = {"MMF": "mycophenolate mofetil", "study steroid": "glucocorticoid"}
_LABS = (
    ("potassium", "4.4 mmol/L", "5.9 mmol/L"),
    ("systolic", "128 mmHg", "150 mmHg"),
    ("leukocytes", "6 10^9/L", "2.5 10^9/L"),
    ("neutrophils", "4 10^9/L", "1.1 10^9/L"),
    ("egfr", "75 mL/min/1.73m2", "35 mL/min/1.73m2"),
    ("cyclosporine_trough", "130 ng/mL", "240 ng/mL"),
)


def _written(grams: float, form: str) -> str:
    match form:
        case "g/g":
            return f"{grams:g} g/g"
        case "mg/g":
            return f"{grams * 1000:g} mg/g"
        case "mg/mmol":
            return f"{grams * 100:g} mg/mmol"
        case _:
            return f"{grams:g} g/d"
