"""Charts drawn as people write them: courses with tapers and pulses, reports in words, vague times, odd forms.

A chart tells a story, so that what rules ask for is often there: a presentation, treatment after treatment, what
each did, a relapse, the next. What is untidy about it is drawn on the way. Every chart can be read.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

from hypothesis import strategies as st
from writing import BESIDE, CNI_DOSES, CONDITIONS, FIRST, LATER, STEROID_NAMES, STEROIDS, TAPERS, ZERO, Writer


class Case(NamedTuple):
    """A chart, a time to ask at, and whether all its times are precise."""

    chart: dict[str, Any]
    at: str
    precise: bool


class Story(Writer):
    """Tells one chart; one use."""

    def steroid(self) -> None:
        """A course of steroid: high dose, what it did, and its taper."""
        drug, doses = self.pick(*STEROIDS)
        more: dict[str, Any] = {}
        if drug == "class":
            drug, more = self.pick(
                ("glucocorticoid", {}), ("study steroid", {"class": "glucocorticoid", "unlisted": True})
            )
        begun = self.now
        if self.chance(10):
            self.pulse(begun)
        does = self.pick("complete", "complete", "complete", "partial", "none", "none", "half", "unseen")
        full = self.chance({"none": 65, "partial": 50, "half": 60}.get(does, 15))
        high = self.span(16, 22) if full else self.span(2, 15)
        running = begun + high
        if self.chance(25):
            # Two rows of high dose, or a gap of some days between them.
            middle = self.half(begun, running)
            self.give(drug, self.pick(*doses), begun, middle, **more)
            begun = middle
        row = self.give(drug, self.pick(*doses), begun, running, **more)
        if self.chance(40):
            self.see(
                self.pick("half", "nephrotic", "complete" if does == "complete" else "nephrotic"),
                self.half(running - high, running),
            )
        self.now = running
        self.outcome(does)
        if self.chance(30):
            self.reason(row, does)
        if self.chance(8):
            row.pop("to", None)
            self.now += self.span(2, 8)
            self.outcome(does)
            return
        if self.chance(90 if full or does == "complete" else 60):
            self.taper(drug, more, does)

    def relapsing(self) -> None:
        """Remission and relapse again and again, on steroid or soon after it."""
        for _ in range(self.pick(2, 3, 4)):
            end = self.now + self.span(4, 8)
            self.give("prednisolone", self.pick("1 mg/kg/d", "60 mg/d", "80 mg/d"), self.now, end)
            self.see("complete", end)
            self.now = end + self.span(2, 6)
            self.give("prednisolone", self.pick("20 mg/d", "10 mg/d", "0.5 mg/kg/d"), end, self.now)
            self.now += self.span(0, 6)
            self.relapse()

    def taper(self, drug: str, more: dict[str, Any], does: str) -> None:
        """Lower rows after the high dose; a relapse or a return on the way, if so drawn."""
        steps = self.pick(*TAPERS)
        row: dict[str, Any] | None = None
        for dose in steps:
            end = self.now + self.span(2, 8)
            row = self.give(drug, dose, self.now, end, **more)
            if does in ("complete", "partial") and self.chance(30):
                self.see(does, self.half(self.now, end))
            self.marks.append(self.half(self.now, end))
            self.now = end
            if does == "complete" and self.chance(22):
                self.relapse()
                if self.chance(40):
                    back = self.now + self.span(3, 8)
                    self.give(drug, self.pick("1 mg/kg/d", "60 mg/d", "80 mg/d"), self.now, back, **more)
                    self.now = back
                    self.outcome(self.pick("complete", "complete", "none"))
                break
        if row is not None:
            if self.chance(22):
                row.pop("to", None)
            elif self.chance(25):
                self.reason(row, does)

    def pulse(self, day: Fraction) -> None:
        """One to three infusions of methylprednisolone."""
        amount = self.pick("1 g", "0.5 g", "750 mg", "500 mg")
        count = self.pick(1, 3, 3)
        if self.chance(50):
            times = [{"at": self.when(day + i), "amount": amount} for i in range(count)]
            self.exposures.append({"drug": "methylprednisolone", "doses": times, "_": (day, day + count - 1)})
        elif self.chance(50):
            self.exposures.append(
                {
                    "drug": "methylprednisolone",
                    "dose": amount,
                    "from": self.when(day),
                    "to": self.when(day),
                    "_": (day, day),
                }
            )
        else:
            self.exposures.append(
                {
                    "drug": "methylprednisolone",
                    "dose": self.pick("1 g/d", "500 mg/d"),
                    "from": self.when(day),
                    "to": self.when(day + 3),
                    "_": (day, day + 3),
                }
            )

    def calcineurin(self, drug: str | None = None) -> dict[str, Any]:
        """A calcineurin inhibitor, with levels and low-dose steroid beside it as charts have them."""
        drug = drug or self.pick("cyclosporine", "cyclosporine", "tacrolimus")
        does = self.pick("complete", "complete", "partial", "none", "none", "half", "unseen")
        lasts = self.span(27, 44) if does in ("none", "half") and self.chance(70) else self.span(4, 90)
        start, end = self.now, self.now + lasts
        more: dict[str, Any] = {}
        level, (low, fine) = (
            f"{drug}_trough",
            ("60 ng/mL", "130 ng/mL") if drug == "cyclosporine" else ("3 ng/mL", "7 ng/mL"),
        )
        if self.chance(35):
            more["trough_target"] = "125-175 ng/mL" if drug == "cyclosporine" else "5-10 ng/mL"
        row = self.give(drug, self.pick(*CNI_DOSES[drug]), start, end, **more)
        if self.chance(75):
            usual = fine if self.chance(70) else low
            for share in (0, 1, 2, 3)[: self.pick(1, 3, 4)]:
                day = (
                    start
                    + (lasts * share // 4 if self.style == "date" else lasts * share / 4)
                    + (1 if share == 0 else 0)
                )
                self.seen.setdefault(day, {}).setdefault(level, usual)
        if self.chance(40):
            self.give(
                "prednisolone",
                self.pick("0.15 mg/kg/d", "10 mg/d", "5 mg/d"),
                start,
                end if self.chance(60) else self.half(start, end),
            )
        if self.chance(50):
            self.see(
                {"complete": "complete", "partial": "partial"}.get(does, "nephrotic"), self.half(start, end)
            )
        self.now = end
        self.outcome(does)
        if self.chance(18):
            row = self.harmed(row)
        elif self.chance(45):
            row.pop("to", None)
            for _ in range(self.pick(1, 1, 2, 5)):
                self.now += self.span(2, 16)
                if self.now > end + 60 and does in ("complete", "partial"):
                    self.see(does, self.now)
            if does == "complete" and self.chance(40):
                self.relapse()
            else:
                self.outcome(does)
        elif self.chance(45):
            self.reason(row, does)
        return row

    def harmed(self, row: dict[str, Any]) -> dict[str, Any]:
        """The creatinine is up on a drug that runs; its dose may be lowered, and the creatinine seen again."""
        row.pop("to", None)
        self.seen.setdefault(Fraction(0), {})["creatinine"] = "88 µmol/L"
        self.seen.setdefault(self.now, {})["creatinine"] = self.pick("135 µmol/L", "160 µmol/L", "2.6 mg/dL")
        self.marks.append(self.now)
        if self.chance(60):
            lower = {"cyclosporine": "50 mg bid", "tacrolimus": "1 mg bid"}[row["drug"]]
            row = self.give(row["drug"], lower, self.now, None)
            self.now += self.span(2, 6)
            self.seen.setdefault(self.now, {})["creatinine"] = self.pick(
                "92 µmol/L", "160 µmol/L", "2.6 mg/dL"
            )
            self.marks.append(self.now)
        return row

    def mycophenolate(self) -> None:
        does = self.pick("complete", "partial", "none", "half", "unseen")
        end = self.now + self.span(8, 80)
        drug, dose = self.pick(
            ("mycophenolate mofetil", "2000 mg/d"),
            ("MMF", "1 g bid"),
            ("mycophenolate mofetil", "1000 mg/d"),
            ("myfortic", "720 mg bid"),
            ("mycophenolate mofetil", "unknown"),
        )
        row = self.give(drug, dose, self.now, end)
        if self.chance(25):
            self.calcineurin(self.pick("cyclosporine", "tacrolimus"))
        self.now = max(end, self.now)
        self.outcome(does)
        if self.chance(40):
            row.pop("to", None)
            self.now += self.span(0, 20)
            self.outcome(does)
        elif self.chance(40):
            self.reason(row, does)

    def combination(self) -> None:
        """A calcineurin inhibitor to which mycophenolate is added, or that is added to it."""
        row = self.calcineurin("cyclosporine")
        if "to" in row and self.chance(70):
            row.pop("to", None)
            row.pop("stopped_for", None)
        start = self.now
        does = self.pick("complete", "partial", "half", "none")
        self.now += self.span(8, 110)
        self.give(
            "mycophenolate mofetil",
            self.pick("1000 mg/d", "2000 mg/d"),
            start,
            self.now if self.chance(30) else None,
        )
        self.outcome(does)
        if does == "complete":
            self.now += self.span(4, 110)
            self.relapse() if self.chance(60) else self.see("complete")

    def cyclophosphamide(self) -> None:
        end = self.now + self.span(2, 14)
        row = self.give(
            "cyclophosphamide", self.pick("2 mg/kg/d", "150 mg/d", "100 mg/d", "unknown"), self.now, end
        )
        self.now = end
        does = self.pick("complete", "partial", "none", "unseen")
        self.outcome(does)
        if self.chance(20):
            row.pop("to", None)
        elif self.chance(40):
            self.reason(row, does)

    def rituximab(self) -> None:
        if self.chance(60):
            days = [self.now, self.now + 14][: self.pick(1, 2)]
            amount = self.pick("1 g", "1000 mg", "375 mg/m2")
            self.exposures.append(
                {
                    "drug": "rituximab",
                    "doses": [{"at": self.when(d), "amount": amount} for d in days],
                    "_": (days[0], days[-1]),
                }
            )
        else:
            self.exposures.append(
                {
                    "drug": "rituximab",
                    "dose": self.pick("1 g", "375 mg/m2"),
                    "from": self.when(self.now),
                    "to": self.when(self.now),
                    "_": (self.now, self.now),
                }
            )
        self.now += self.span(4, 30)
        self.outcome(self.pick("complete", "complete", "partial", "none", "unseen"))

    def other(self) -> None:
        """What makes no line, or one that no rule speaks of."""
        drug, fields = self.pick(
            ("azathioprine", {"dose": "100 mg/d"}),
            ("trial drug 7", {"unlisted": True}),
            ("trial inhibitor", {"unlisted": True, "class": "calcineurin-inhibitor"}),
            ("levamisole", {"dose": "150 mg/d"}),
            ("everolimus", {}),
        )
        more = dict(fields)
        end = self.now + self.span(4, 30)
        row = self.give(drug, more.pop("dose", None), self.now, end, **more)
        if self.chance(30):
            row.pop("to", None)
        self.now = end
        self.outcome(self.pick("complete", "none", "unseen"))

    def supportive(self) -> None:
        for drug, dose in BESIDE:
            if self.chance(20 if drug == "ramipril" else 8):
                start: Any = (
                    "before 0 mo"
                    if not self.precise and self.style != "date" and self.chance(40)
                    else self.when(self.span(0, 20))
                )
                self.exposures.append(
                    {"drug": drug, "from": start}
                    | ({"dose": dose} if dose else {})
                    | {"_": (Fraction(0), None)}
                )
        if self.chance(7):
            start = self.span(0, 60)
            self.exposures.append(
                {
                    "drug": self.pick("prednisone", "budesonide", "methotrexate"),
                    "for": "asthma",
                    "from": self.when(start),
                    "to": self.when(start + self.span(2, 30)),
                    "_": (start, start + 600),
                }
            )

    # -- the whole ---------------------------------------------------------------------------------

    def told(self) -> dict[str, Any]:
        chart: dict[str, Any] = {"id": "untidy"}
        if self.style == "date":
            chart["time_zero"] = ZERO.isoformat()
        if not self.chance(6):
            chart["age"] = "17 years" if self.chance(2) else self.pick("40 years", "34 years", "67 years")
        if not self.chance(20):
            chart["sex"] = self.pick("female", "male")
        if not self.chance(25):
            chart["weight"] = self.pick("70 kg", "60 kg", "84 kg", "52 kg")
        if self.chance(50):
            chart["height"] = "170 cm"
        shown = (
            self.pick("none", "empty", "membranous", "none") if self.chance(12) else self.pick("fsgs", "mcd")
        )
        if shown not in ("none", "empty"):
            chart["biopsies"] = [
                {"at": self.when(Fraction(0)), "glomeruli": self.pick(20, 7, 30), "diagnosis": shown}
            ]
        elif shown == "empty":
            chart["biopsies"] = [{"at": self.when(Fraction(0)), "glomeruli": 0}]
        self._present(chart)
        first = "partial" if self.chance(5) else "complete" if self.chance(4) else "nephrotic"
        self.see(first)
        if self.chance(8):
            # Some time without treatment, or a remission before any.
            self.now += self.span(2, 20)
            self.see(self.pick("nephrotic", "complete", "partial"))
        for _ in range(self.pick(1, 2, 3, 2, 4, 2)):
            self.now += self.span(0, 6) if self.chance(30) else Fraction(0)
            self.next_treatment()
            if self.chance(50):
                self.now += self.span(1, 26)
                self.relapse() if self.chance(75) else self.see(self.pick("complete", "nephrotic", "partial"))
        self.supportive()
        chart["exposures"] = self.rows()
        chart["observations"] = [
            {"at": self.about(day)} | self.seen[day] for day in sorted(self.seen) if self.seen[day]
        ]
        chart["reactions"] = self.reactions
        if self.chance(3) and "proteinuria" in self.seen.get(Fraction(0), {}):
            chart["observations"].append({"at": self.when(self.now + 40), "proteinuria": "falling"})
        return chart

    def next_treatment(self) -> None:
        steroid = any(row["drug"] in STEROID_NAMES for row in self.exposures)
        kinds = LATER if steroid else FIRST
        getattr(self, self.pick(*kinds))()

    def _present(self, chart: dict[str, Any]) -> None:
        at = self.when(Fraction(0))
        found: list[dict[str, Any]] = []
        screened = self.chance(65)
        for name, state in CONDITIONS:
            if self.chance(93 if screened and state else 12):
                row: dict[str, Any] = {"name": name, "at": at}
                if not self.chance(4 if screened else 40):
                    row["present"] = False
                elif state is not None and self.chance(60):
                    row["control"] = state
                found.append(row)
        if chart.get("sex") == "female" and self.chance(45):
            found.append({"name": "pregnancy", "present": self.chance(12), "at": at})
        chart["conditions"] = found
        said: dict[str, Any] = {}
        if self.chance(60):
            said["secondary_cause_excluded"] = {"value": not self.chance(8), "at": at}
        if self.chance(30):
            said["diffuse_effacement"] = {"value": self.chance(75), "at": at}
        for name, percent in (
            ("steroid_unsuitable", 5),
            ("calcineurin_inhibitor_unsuitable", 5),
            ("fertility_to_be_preserved", 25),
        ):
            if self.chance(percent):
                said[name] = {
                    "value": name != "fertility_to_be_preserved" or self.chance(40),
                    "at": self.when(self.span(0, 30)),
                }
        chart["findings"] = said


def told(choose: Callable[[int], int], *, precise: bool | None = None, style: str | None = None) -> Case:
    """A chart and a time to ask at, often just when something was seen, changed or stopped.

    *choose* says which of so many is taken: a law's draws, or anything that is random.
    """
    if precise is None:
        precise = choose(100) >= 65
    story = Story(choose, precise=precise, style=style)
    chart = story.told()
    last = max(*story.marks, story.now)
    marks = [day for day in story.marks if day > 0] or [Fraction(0)]
    # Of the later marks: what comes first is the same in most stories.
    at = marks[-1 - min(choose(6), len(marks) - 1)] if story.chance(55) else story.pick(*marks)
    if story.chance(6):
        at = Fraction(0)
    elif story.chance(12):
        at = Fraction(choose(int(last) + 120))
    elif story.chance(25):
        at += story.span(1, 8)
    return Case(chart, story.when(at), precise)


def cases(*, precise: bool | None = None, style: str | None = None) -> st.SearchStrategy[Case]:
    """Charts with times to ask at, each from one number: draws of hypothesis itself seldom get far into a story.

    A chart that fails is made smaller by `nephroline.mutation.least.smaller`, not by hypothesis.
    """
    seeds = st.integers(0, 2**62)
    return seeds.map(lambda seed: told(random.Random(seed).randrange, precise=precise, style=style))
