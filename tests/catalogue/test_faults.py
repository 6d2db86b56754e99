"""Every fault planted in the catalogue is found, with its file and line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nephroline.catalogue import read_catalogue
from nephroline.errors import PathwayError, Problem

LIPIDS = "drugs/statins.yaml"
DRUGS = "drugs/immunosuppressants.yaml"
OTHERS = "drugs/others.yaml"
MORE = "drugs/cancer-and-others.yaml"


def problems(folder: Path) -> list[Problem]:
    with pytest.raises(PathwayError) as caught:
        read_catalogue(folder)
    return list(caught.value.problems)


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(root / "rules/catalogue", tmp_path / "catalogue"))


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        # names
        (OTHERS, "id: warfarin,", "id: tacrolimus,", "the id `tacrolimus` is taken"),
        (OTHERS, "id: warfarin,", "id: War Farin,", "`War Farin` cannot be an id"),
        (OTHERS, "id: warfarin,", "id: not-warfarin,", "`not-warfarin` cannot be named in a condition"),
        (DRUGS, "synonyms: [fk506, tac,", "synonyms: [fk506, neoral,", "`neoral` names two things"),
        (DRUGS, "synonyms: [cni, cnis,", "synonyms: [tac, cnis,", "`tac` names two things"),
        ("conditions.yaml", "{id: diabetes,", "{id: creatinine,", "`creatinine` names two things"),
        (
            "conditions.yaml",
            "synonyms: [minimal-change-disease]",
            "synonyms: [FSGS]",
            "`fsgs` names two things",
        ),
        ("units.yaml", "spellings: [mg/dl]", "spellings: [g/dl]", "`g/dl` names two things"),
        (LIPIDS, 'rxnorm: "83367"', 'rxnorm: "36567"', "`36567` names two things among RxNorm codes"),
        # references, of every field that holds one
        (LIPIDS, 'classes: [statin], rxnorm: "36567"', "classes: [statins]", "unknown class `statins`"),
        (DRUGS, "counted_as: prednisolone", "counted_as: prednisolon", "unknown drug `prednisolon`"),
        ("analytes.yaml", "level_of: cyclosporine", "level_of: ciclosporin", "unknown drug `ciclosporin`"),
        ("analytes.yaml", "speaks_of: creatinine", "speaks_of: kreatinine", "unknown analyte `kreatinine`"),
        ("analytes.yaml", "burden: urine", "burden: urin", "unknown burden `urin`"),
        ("sources.yaml", "superseded_by: kdigo-2021", "superseded_by: kdigo", "unknown source `kdigo`"),
        (
            "sources.yaml",
            "superseded_by: kdigo-2021",
            "superseded_by: kdigo-2012",
            "`kdigo-2012` is no later",
        ),
        ("analytes.yaml", "source: naresh-2012", "source: naresh", "unknown source `naresh`"),
        ("analytes.yaml", "units: [cm, m,", "units: [cmm, m,", "unknown unit `cmm`"),
        (
            "conditions.yaml",
            "excluded_by: secondary_cause_excluded",
            "excluded_by: secondary",
            "unknown assertion",
        ),
        (
            "regimens.yaml",
            "agents: [tacrolimus]",
            "agents: [tacrolimos]",
            "unknown drug or class `tacrolimos`",
        ),
        (
            "regimens.yaml",
            "adjuncts: [glucocorticoid]",
            "adjuncts: [steroid]",
            "unknown drug or class `steroid`",
        ),
        ("regimens.yaml", "{drug: rituximab,", "{drug: rituximap,", "unknown drug `rituximap`"),
        (
            "regimens.yaml",
            "{analyte: tacrolimus_trough,",
            "{analyte: tac_trough,",
            "unknown analyte `tac_trough`",
        ),
        ("formulas.yaml", "from: creatinine", "from: creatine", "unknown analyte `creatine`"),
        ("formulas.yaml", "source: ckd-epi-2021", "source: ckd-epi", "unknown source `ckd-epi`"),
        ("monitoring.yaml", "measure: [hba1c]", "measure: [hba1]", "unknown analyte `hba1`"),
        ("monitoring.yaml", "agent: sparsentan", "agent: sparsentans", "unknown drug or class `sparsentans`"),
        (
            "burdens.yaml",
            "entry: dose, burden: chart",
            "entry: dose, burden: charts",
            "unknown burden `charts`",
        ),
        # values and order
        ("units.yaml", "factor: 0.0005, ", "", "the field `factor` is missing"),
        ("units.yaml", "factor: 0.0005, ", "factor: 0, ", "a factor is greater than zero"),
        ("units.yaml", "factor: 1/24", "factor: 1/0", "is not a number"),
        ("analytes.yaml", "plausible: [30-260 cm]", "plausible: [260-30 cm]", "the range runs backwards"),
        (
            "analytes.yaml",
            "plausible: [30-260 cm]",
            "plausible: [30-260 kg]",
            "is of none of the analyte's units",
        ),
        ("analytes.yaml", "plausible: [30-260 cm]", 'plausible: ["> 30 cm"]', "goes from less to more"),
        ("analytes.yaml", "    molar_mass: 66463\n", "", "the factor between them is missing"),
        (
            "analytes.yaml",
            "steady_words: [normal, stable]",
            "steady_words: [normal, steady]",
            "is none of its words",
        ),
        ("analytes.yaml", "{nephrotic: nephrotic-range", "{nephrotic: nephrotic", "is none of its words"),
        ("analytes.yaml", "{nephrotic: nephrotic-range", "{trace: nephrotic-range", "is told twice"),
        ("analytes.yaml", "slip_below: [30 mg/g, 30 mg/d]", "slip_below: [30 mg/L]", "is no value of it"),
        ("analytes.yaml", "synonyms: [igg]", "synonyms: [albumin]", "`albumin` names two things"),
        ("conditions.yaml", "kind_of: pneumonia", "kind_of: pnumonia", "unknown condition `pnumonia`"),
        (
            "conditions.yaml",
            "{id: infection, title: infection, volunteered: true,",
            "{id: infection, title: infection, kind_of: pneumonia, volunteered: true,",
            "is a kind of itself",
        ),
        (
            "conditions.yaml",
            "title: steroid-resistant, synonyms",
            "title: diabetes, synonyms",
            "`diabetes` names two things",
        ),
        (
            "monitoring.yaml",
            "{every: 2 wk, until: 3 mo}",
            "{every: 2 wk, until: 2 wk}",
            "ends before the step ahead",
        ),
        ("monitoring.yaml", "steps: [{every: 1 wk}]", "steps: [{every: 1 wk}, {every: 2 wk}]", "is the last"),
        ("monitoring.yaml", "after_change: 1 wk", "after_change: 1 g", "is no length of time"),
        ("formulas.yaml", "unit: mg/dL", "unit: mmHg", "`mmHg` is no unit of `creatinine`"),
        (DRUGS, "equals: [1 mg, 1 mg]", "equals: [1-2 mg, 1 mg]", "single amounts"),
        (
            DRUGS,
            "classes: [anti-cd20], rxnorm",
            "classes: [anti-cd20, mycophenolate], rxnorm",
            "two classes that make lines",
        ),
        (DRUGS, "atc: L04AD02", "atc: L04", "is no ATC code"),
        (
            MORE,
            "{id: interferon, title: interferon, ",
            "{id: interferons-of-old, title: old one, ",
            "the class is empty",
        ),
        ("regimens.yaml", "agents: [cyclophosphamide]", "agents: [rituximab]", "bears the name of the agent"),
        # numbers
        ("formulas.yaml", "per_year: 0.9938", "per_year: -0.9938", "per_year is greater than zero"),
        ("formulas.yaml", "kappa: 0.7", "kappa: 0", "kappa of female is greater than zero"),
        ("formulas.yaml", "above: -1.2", "above: 1.2", "above is less than zero"),
        ("formulas.yaml", "{sex: male, kappa", "{sex: female, kappa", "for female and for male, each once"),
        ("formulas.yaml", "least_age: 18 years", "least_age: 18 kg", "`18 kg` is no age"),
        ("formulas.yaml", "age_in: years", "age_in: kg", "an age is a time"),
        ("analytes.yaml", "variation: {value: 10 %", "variation: {value: 10 mg", "is a share of the value"),
        ("analytes.yaml", "[0.1-30 mg/dL]", "[0.1-30 mg/dL, 1-300 mg/L]", "of one kind of unit"),
        ("analytes.yaml", "speaks_of: creatinine", "speaks_of: renal_function", "or of itself"),
        (
            "analytes.yaml",
            "words: [normal, stable, worse, improved]",
            "words: [normal, odd]",
            "is no word of `creatinine`",
        ),
        ("analytes.yaml", "no-response, indeterminate]", "no-responses]", "`no-responses` is no response"),
        # classes that are followed, and drugs that act on
        (DRUGS, "low_up_to: [0.15 mg/kg/d, 15 mg/d]", "low_up_to: [15 mg]", "is no dose per day"),
        (DRUGS, "low_up_to: [0.15 mg/kg/d, 15", "low_up_to: [0.15 mg/kg/d, -15", "is no dose per day"),
        (DRUGS, "    low_up_to: [0.15 mg/kg/d, 15 mg/d]\n", "", "has phases by its doses"),
        (
            DRUGS,
            "    full_doses: [steroid_adequate_dose, steroid_daily_most, steroid_alternate_most]\n",
            "",
            "has phases by its doses",
        ),
        (
            DRUGS,
            "full_doses: [steroid_adequate_dose, steroid_daily_most",
            "full_doses: [steroid_adequate_dose, ''",
            "holds an empty name",
        ),
        (
            DRUGS,
            "full_doses: [steroid_adequate_dose, steroid_daily_most",
            "full_doses: [steroid_adequate_dose, steroid_adequate_dose",
            "names something twice",
        ),
        (DRUGS, "followed_through_lines: true", "followed_through_lines: false", "and no other has"),
        (
            DRUGS,
            "    immunosuppressant: true\n    counted_as: prednisolone\n",
            "    counted_as: prednisolone\n",
            "is followed through lines, but is no immunosuppressant",
        ),
        (DRUGS, "acts_for: 9 mo", "acts_for: 9 mg", "`9 mg` is no time"),
        (DRUGS, "acts_for: 9 mo", "acts_for: -9 mo", "is no time"),
        (DRUGS, "acts_for: 9 mo", "acts_for: 6-9 mo", "`6-9 mo` is no time"),
        (DRUGS, "most_per_day: 80 mg/d", "most_per_day: 0 mg/d", "the most per day is a dose per day"),
        ("monitoring.yaml", "measure: [hba1c]", "measure: []", "measures nothing"),
        (
            "monitoring.yaml",
            "{every: 2 wk, until: 3 mo}, {every: 1 mo}]",
            "{every: 2 wk, until: 3 mo}]",
            "the last step",
        ),
        (
            "monitoring.yaml",
            "{every: 1 wk, until: 4 wk}",
            "{every: 6 wk, until: 4 wk}",
            "over before it is due",
        ),
        ("sources.yaml", "year: 2012", "year: 12", "12 is no year"),
        ("sources.yaml", "kind: guideline", "kind: guidelines", "guidelines"),
        # regimens
        ("regimens.yaml", "agents: [tacrolimus]", "agents: [warfarin]", "`warfarin` is no immunosuppressant"),
        (
            "regimens.yaml",
            "agents: [tacrolimus]",
            "agents: [cyclosporine]",
            "can be the same drugs as `cyclosporine-low-dose-prednisolone`",
        ),
        ("regimens.yaml", "adjuncts: [glucocorticoid]", "adjuncts: [cyclosporine]", "is agent and adjunct"),
        (
            "regimens.yaml",
            "{drug: prednisolone, amount: [low",
            "{drug: cyclosporine, amount: [low",
            "doses one drug",
        ),
        ("regimens.yaml", "{drug: tacrolimus, amount", "{drug: rituximab, amount", "none of its agents"),
        ("regimens.yaml", "[low_dose_steroid]", "[low_dose_steroid, a, b]", "a dose has one amount or two"),
        # texts
        (OTHERS, "title: warfarin", "title: ' '", "says nothing"),
        (DRUGS, "synonyms: [cni, cnis,", "synonyms: ['', cnis,", "holds an empty name"),
        (
            "analytes.yaml",
            "words: [normal, stable, worse, improved]",
            "words: [normal, normal]",
            "names something twice",
        ),
        ("burdens.yaml", "  - {entry: dose, burden: chart}\n", "", "no burden for the entry `dose`"),
        # shape
        (DRUGS, "most_per_day: 80 mg/d", "most_a_day: 80 mg/d", "unknown field `most_a_day`"),
        ("monitoring.yaml", "monitoring:\n", "monitorings:\n", "the catalogue has no section `monitorings`"),
    ],
)
def test_a_planted_fault_is_found(copy: Path, file: str, old: str, new: str, message: str) -> None:
    text = (copy / file).read_text(encoding="utf-8")
    assert old in text, "the plant no longer fits"
    (copy / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    found = [p for p in problems(copy) if message in p.message]
    assert found, [str(p) for p in problems(copy)]
    first = found[0]
    assert first.file == str(copy / file)
    line = text.replace(old, new, 1)[: text.index(old)].count("\n") + 1
    assert first.line is not None
    assert abs(first.line - line) <= 20, "the place is not that of the entry"


def test_all_faults_are_told_at_once(copy: Path) -> None:
    for file, old, new in (
        (OTHERS, "id: warfarin,", "id: tacrolimus,"),
        ("analytes.yaml", "units: [cm, m,", "units: [cmm, m,"),
        ("regimens.yaml", "{drug: rituximab,", "{drg: rituximab,"),
    ):
        path = copy / file
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    assert {p.file.rsplit("/", 1)[-1] for p in problems(copy)} >= {
        "others.yaml",
        "analytes.yaml",
        "regimens.yaml",
    }
