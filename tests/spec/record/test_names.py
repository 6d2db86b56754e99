"""Drugs and conditions are read by the names that charts use, and no other one is suggested for them."""

from __future__ import annotations

import pytest

from nephroline.catalogue import load_catalogue
from nephroline.errors import RecordError
from nephroline.record import read_record

CATALOGUE = load_catalogue()

CLASSES = {
    "ace-inhibitor": "captopril enalapril lisinopril perindopril ramipril quinapril benazepril cilazapril fosinopril"
    " trandolapril moexipril zofenopril imidapril temocapril altace tritace zestril coversyl lotensin",
    "angiotensin-receptor-blocker": "losartan eprosartan valsartan irbesartan candesartan telmisartan olmesartan"
    " azilsartan sacubitril-valsartan entresto cozaar diovan avapro atacand micardis benicar",
    "beta-blocker": "atenolol metoprolol bisoprolol nebivolol carvedilol labetalol propranolol sotalol concor coreg",
    "calcium-channel-blocker": "amlodipine nifedipine felodipine lercanidipine nicardipine diltiazem verapamil norvasc",
    "loop-diuretic": "furosemide frusemide bumetanide torasemide torsemide lasix demadex bumex",
    "thiazide": "hydrochlorothiazide chlorthalidone indapamide metolazone xipamide hctz zaroxolyn",
    "potassium-sparing-diuretic": "spironolactone eplerenone finerenone amiloride triamterene aldactone kerendia",
    "nsaid": "ibuprofen naproxen diclofenac indometacin indomethacin ketoprofen ketorolac meloxicam piroxicam"
    " sulindac celecoxib etoricoxib advil voltaren toradol",
    "statin": "simvastatin atorvastatin rosuvastatin pravastatin fluvastatin lovastatin pitavastatin lipitor crestor",
    "anticoagulant": "warfarin acenocoumarol phenprocoumon apixaban rivaroxaban edoxaban dabigatran heparin enoxaparin"
    " dalteparin tinzaparin fondaparinux coumadin eliquis xarelto sintrom clexane",
    "hepatitis-b-antiviral": "entecavir lamivudine tenofovir viread zeffix adefovir",
    "antiretroviral": "ritonavir lopinavir-ritonavir darunavir atazanavir efavirenz dolutegravir abacavir tivicay",
    "antifungal": "fluconazole itraconazole voriconazole posaconazole isavuconazole caspofungin diflucan",
    "anticonvulsant": "phenytoin carbamazepine phenobarbital primidone valproate levetiracetam lamotrigine tegretol",
    "bisphosphonate": "alendronate alendronic-acid risedronate ibandronate zoledronate pamidronate fosamax zometa",
    "glucocorticoid": "prednisolone prednisone methylprednisolone dexamethasone hydrocortisone betamethasone cortisone"
    " deflazacort triamcinolone budesonide medrol decadron celestone",
    "calcineurin-inhibitor": "cyclosporine ciclosporin tacrolimus voclosporin lupkynis advagraf sandimmune",
    "alkylating-agent": "cyclophosphamide chlorambucil leukeran endoxan",
    "anti-cd20": "rituximab ofatumumab ocrelizumab obinutuzumab mabthera rituxan gazyva",
    "mtor-inhibitor": "sirolimus everolimus rapamune certican",
    "costimulation-blocker": "abatacept belatacept orencia nulojix",
    "immunomodulator": "levamisole",
    "nucleotide-synthesis-inhibitor": "leflunomide mizoribine arava",
    "complement-inhibitor": "eculizumab ravulizumab iptacopan avacopan soliris",
    "checkpoint-inhibitor": "pembrolizumab nivolumab ipilimumab atezolizumab keytruda opdivo",
    "psychotropic": "lithium sertraline haloperidol",
    "interferon": "interferon-alfa pegasys",
    "apheresis": "plasma-exchange plasmapheresis ldl-apheresis immunoadsorption",
}
NAMES = [(name, agent) for agent, names in CLASSES.items() for name in names.split()]


@pytest.mark.parametrize(("name", "agent"), NAMES)
def test_a_drug_is_read_and_of_its_class(name: str, agent: str) -> None:
    drug = CATALOGUE.lookup("drug", name, CATALOGUE.drug_names)
    assert agent in CATALOGUE.drugs[drug].classes


def test_the_catalogue_knows_most_of_what_charts_of_this_clinic_name() -> None:
    assert len(CATALOGUE.drugs) > 420
    assert len(CATALOGUE.drug_names) > 1000


@pytest.mark.parametrize(
    "name", ["voclosporin", "chlorambucil", "sirolimus", "abatacept", "levamisole", "leflunomide"]
)
def test_a_steroid_sparing_drug_makes_a_line(name: str) -> None:
    assert name in CATALOGUE.immunosuppressants


@pytest.mark.parametrize(
    "name", ["eculizumab", "belimumab", "infliximab", "hydroxychloroquine", "lithium", "plasma-exchange"]
)
def test_other_drugs_make_none(name: str) -> None:
    assert name not in CATALOGUE.immunosuppressants


@pytest.mark.parametrize(
    ("name", "ratio"),
    [
        ("hydrocortisone", 1 / 4),
        ("cortisone", 1 / 5),
        ("prednisone", 1),
        ("methylprednisolone", 5 / 4),
        ("dexamethasone", 5 / 0.75),
        ("deflazacort", 5 / 6),
    ],
)
def test_glucocorticoids_count_by_the_table_of_comparable_doses(name: str, ratio: float) -> None:
    found = CATALOGUE.counted(name, "glucocorticoid")
    assert found is not None
    assert float(found) == pytest.approx(ratio)


def test_without_a_source_a_dose_is_not_converted() -> None:
    assert CATALOGUE.counted("budesonide", "glucocorticoid") is None


def test_every_interaction_class_that_is_asked_for_has_its_known_members() -> None:
    for kind, names in {
        "cyp3a4-inhibitor": "telithromycin nefazodone darunavir isavuconazole letermovir grapefruit",
        "cyp3a4-inducer": "primidone rifabutin efavirenz enzalutamide bosentan",
    }.items():
        for name in names.split():
            assert kind in CATALOGUE.drugs[name].classes
    # Recalled, not read: they are known by name only.
    assert "cyp3a4-inhibitor" not in CATALOGUE.drugs["fluvoxamine"].classes


@pytest.mark.parametrize("word", ["corticosteroid", "steroids", "Glucocorticoids"])
def test_a_word_for_a_class_is_a_drug_of_it_that_is_not_named(word: str) -> None:
    drug = CATALOGUE.drugs[CATALOGUE.lookup("drug", word, CATALOGUE.drug_names)]
    assert drug.unnamed
    assert drug.classes == ("glucocorticoid",)
    assert CATALOGUE.may_belong(drug.id, "prednisolone")
    assert not CATALOGUE.may_belong(drug.id, "cyclosporine")
    assert CATALOGUE.belongs(drug.id, "glucocorticoid")
    assert not CATALOGUE.belongs(drug.id, "prednisolone")


@pytest.mark.parametrize(
    ("section", "row", "word"),
    [
        ("exposures", {"drug": "pamidronat acid x", "from": "0 mo"}, "amiodarone"),
        ("exposures", {"drug": "lamivutide", "from": "0 mo"}, "amlodipine"),
        ("exposures", {"drug": "nimodipine", "from": "0 mo"}, "nifedipine"),
        ("conditions", {"name": "malformation", "at": "0 mo"}, "malignancy"),
        ("conditions", {"name": "regnancy syndrome", "at": "0 mo"}, "pregnancy"),
        ("biopsies", {"diagnosis": "C1q nephropathy", "at": "0 mo"}, "iga-nephropathy"),
    ],
)
def test_no_other_drug_or_disease_is_suggested(section: str, row: dict[str, str], word: str) -> None:
    with pytest.raises(RecordError) as bad:
        read_record({"id": "x", section: [row]})
    told = str(bad.value)
    assert word not in told
    assert "did you mean" not in told


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("prednisoloone", "prednisolone"),
        ("cylcosporine", "cyclosporine"),
        ("tacrolimuss", "tacrolimus"),
        ("ramiprl", "ramipril"),
        ("mycophenolte mofetil", "mycophenolate-mofetil"),
    ],
)
def test_a_slip_of_the_pen_is_mended(name: str, meant: str) -> None:
    with pytest.raises(RecordError, match=f"did you mean `{meant}`"):
        read_record({"id": "x", "exposures": [{"drug": name, "from": "0 mo"}]})
