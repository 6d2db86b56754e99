"""One resource after another into the draft of a record; what several tell together is joined after."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nephroline.catalogue import Catalogue
from nephroline.interop.fhir.codes import Codes, Left, TakenFor
from nephroline.interop.fhir.conditions import (
    Asserted,
    Diagnosed,
    Noted,
    diagnoses_named,
    is_unlike,
    of_others,
    other_diagnoses,
    stated,
)
from nephroline.interop.fhir.courses import Administered, Prescribed
from nephroline.interop.fhir.drafting import UNDATED, Draft, NotUsed
from nephroline.interop.fhir.joining import Gathered
from nephroline.interop.fhir.medications import Medications
from nephroline.interop.fhir.nodes import (
    Node,
    codings,
    denied,
    doubted,
    name_of,
    node,
    nodes,
    status,
    text,
    title_of,
    words,
)
from nephroline.interop.fhir.observations import Tested, Value, observed
from nephroline.interop.fhir.reading import Use
from nephroline.interop.fhir.times import after, day, effective, first_day, period

_MEDICATION = (
    *("MedicationRequest", "MedicationStatement", "MedicationDispense", "MedicationAdministration"),
    "Immunization",
)


class ResourceReader:
    """Reads resources into a draft; `join` makes rows of what several of them tell together."""

    def __init__(self, codes: Codes, catalogue: Catalogue, medications: Medications, draft: Draft) -> None:
        self._codes, self._catalogue, self._medications = codes, catalogue, medications
        self._draft = draft
        self._told = Gathered(draft, catalogue)

    def join(self) -> None:
        """Make rows of what was gathered."""
        for name, said in self._told.results():
            self._state(name, said)
        self._told.join()

    def read(self, resource: Node) -> None:
        """Read one resource."""
        kind, name = text(resource, "resourceType"), name_of(resource)
        if kind == "Observation":
            for found in observed(resource, self._codes, self._catalogue):
                match found:
                    case Value():
                        self._told.values.append((name, found))
                    case Tested():
                        self._told.tests.append((name, found))
                    case Asserted() | NotUsed():
                        self._condition(name, found)
        elif kind == "Condition":
            for said in stated(resource, self._codes, self._catalogue):
                self._condition(name, said)
        elif kind in _MEDICATION:
            for given in self._medications.read(resource):
                match given:
                    case Prescribed():
                        self._told.courses.append(given)
                    case Administered():
                        self._told.given.append(given)
                    case NotUsed():
                        self._draft.leave(name, given)
        elif kind in ("Procedure", "DiagnosticReport"):
            self._done(resource, name)
        elif kind == "AllergyIntolerance":
            self._reaction(resource, name)
        elif kind == "Medication":
            self._draft.tell(name, Use.USED, "looked up where it is referred to")
        elif kind != "Patient":
            self._draft.tell(name, Use.LEFT_OUT, because=f"no rule reads a resource of the type {kind}")

    def _condition(self, name: str, said: Noted | Asserted | Diagnosed | NotUsed) -> None:
        match said:
            case Noted():
                self._state(name, said)
            case Asserted(finding, at, value, printed):
                row = {"value": value, "at": day(at), "printed": printed}
                self._draft.add(
                    "findings", {finding: row}, name, f"{finding}: {'yes' if value else 'no'} ({day(at)})"
                )
            case Diagnosed():
                self._told.diagnosed.append((name, said))
            case NotUsed():
                self._draft.leave(name, said)

    def _state(self, name: str, said: Noted) -> None:
        data: dict[str, Any] = {"name": said.name, "at": day(said.at), "printed": said.printed}
        if said.present is not True:
            data["present"] = "unknown" if said.present is None else False
        there = {True: "", False: "not ", None: "perhaps "}[said.present]
        known = next(
            (row for row in self._draft.rows if row.section == "conditions" and _alike(row.data, data)), None
        )
        if known is not None:
            self._draft.tell(name, Use.LEFT_OUT, because=f"{known.resource} says the same")
            return
        self._draft.add("conditions", data, name, f"{said.name} {there}there ({day(said.at) or UNDATED})")

    def _done(self, resource: Node, name: str) -> None:
        """A procedure or a report: a kidney biopsy, or what a condition tells of what was done."""
        concept, state = node(resource, "code"), text(resource, "status")
        meaning = self._codes.best(concept)
        coded = [
            (found, one) for one in nodes(resource, "conclusionCode") for found in self._codes.all_of(one)
        ]
        concluded = [(found, ", ".join(words(one)[:1])) for found, one in coded if found.kind == "diagnosis"]
        unlike = any(
            other_diagnoses(words(one), found, self._catalogue) or is_unlike(one, found, self._catalogue)
            for found, one in coded
        )
        at = (
            text(resource, "performedDateTime")
            or period(node(resource, "performedPeriod"))[0]
            or effective(resource)
        )
        title = ", ".join(words(concept)[:1]) or "no code"
        going_on = state == "in-progress" and isinstance(meaning, TakenFor) and meaning.kind == "condition"
        if state not in _DONE and not going_on:
            odd = state not in _UNDONE
            why = f"{title}: its status {'cannot be read' if odd else f'is {state}'}"
            self._draft.tell(name, Use.NOT_UNDERSTOOD if odd else Use.LEFT_OUT, because=why)
        elif any(map(doubted, words(concept))):
            self._draft.tell(name, Use.NOT_UNDERSTOOD, because=f"{title}: its words deny or doubt it")
        elif any(of_others(said) or _NOT_DONE.search(said) for said in words(concept)):
            why = f"{title}: its words tell of somebody else, of the past, or of what is planned"
            self._draft.tell(name, Use.NOT_UNDERSTOOD, because=why)
        elif concluded and self._against(resource, {found.id for found, _ in concluded}):
            why = f"{title}: its words deny or doubt what its code concludes"
            self._draft.tell(name, Use.NOT_UNDERSTOOD, because=why)
        elif concluded and unlike:
            why = f"{title}: the words of its conclusion name another diagnosis than its code"
            self._draft.tell(name, Use.NOT_UNDERSTOOD, because=why)
        elif concluded and not self._of_tissue(resource, meaning):
            why = f"{title}: nothing says that tissue was looked at, and only a biopsy makes a diagnosis here"
            self._draft.tell(name, Use.NOT_UNDERSTOOD, because=why)
        elif not concluded and day(at) and (spoken := self._spoken(resource, meaning)):
            self._told.biopsies.append((name, at, spoken))
            self._draft.tell(name, Use.USED, f"biopsy: {spoken} ({day(at)}; in words)")
        elif len({*(found.id for found, _ in concluded), *self._named_too(resource)}) > 1:
            several = [*(said for _, said in concluded), *self._concluding(resource)]
            why = f"{title}: it concludes several diagnoses: {', '.join(dict.fromkeys(several))}"
            self._draft.tell(name, Use.NOT_UNDERSTOOD, because=why)
        elif concluded and day(at):
            found, said = concluded[0]
            self._told.biopsies.append((name, at, found.id))
            for beside, one in coded:
                # A secondary cause is concluded beside the lesion.
                if beside.kind == "condition":
                    self._state(name, Noted(beside.id, at, True, title_of(one)))
            self._draft.tell(name, Use.USED, f"biopsy: {found.id} ({day(at)}; {said})")
        elif isinstance(meaning, TakenFor) and meaning.kind == "biopsy" and day(at):
            self._told.biopsies.append((name, at, ""))
            self._draft.tell(name, Use.USED, f"kidney biopsy ({day(at)})")
            self._in_words_alone(resource, name, title)
        elif isinstance(meaning, TakenFor) and meaning.kind == "finding" and day(at):
            self._condition(name, Asserted(meaning.id, at, True, title))
        elif isinstance(meaning, TakenFor) and meaning.kind == "condition" and day(at):
            self._state(name, Noted(meaning.id, at, True, title))
            ended = period(node(resource, "performedPeriod"))[1]
            if state == "completed" and meaning.only == "session":
                ended = max(ended, after(at, {"value": "1", "unit": "d"}), key=first_day)
            if day(ended) > day(at):
                # A session that has ended is not the end of them.
                self._state(name, Noted(meaning.id, ended, None, f"{title} (ended)"))
        elif concluded or (isinstance(meaning, TakenFor) and not day(at)):
            self._draft.tell(name, Use.NOT_UNDERSTOOD, because=f"{title}: it has no date")
        elif self._in_words_alone(resource, name, title):
            pass
        elif self._of_tissue(resource, meaning) and self._concluding(resource):
            why = f"{title}: a report on tissue, and what it concludes is not read"
            self._draft.tell(name, Use.NOT_UNDERSTOOD, because=why)
        elif text(resource, "resourceType") == "DiagnosticReport" and nodes(resource, "result"):
            self._draft.tell(
                name, Use.LEFT_OUT, because="a report: of its results those are read that are here"
            )
        else:
            self._draft.tell(name, Use.LEFT_OUT, because=f"{title}: no rule reads it")

    def _spoken(self, resource: Node, meaning: TakenFor | Left | None) -> str:
        """The one diagnosis that a report on kidney tissue concludes in words, without a doubt."""
        if text(resource, "resourceType") != "DiagnosticReport" or not self._of_tissue(resource, meaning):
            return ""
        said = self._sentences(resource)
        named = {one for part in said for one in self._diagnoses_in(part)}
        unsure = any(
            denied(part) or doubted(part) or _UNSURE.search(part) or of_others(part) for part in said
        )
        return named.pop() if len(named) == 1 and not unsure else ""

    def _in_words_alone(self, resource: Node, name: str, title: str) -> bool:
        """Tell that a report names diagnoses in words, which make none; whether it does."""
        named = self._named_too(resource)
        if named:
            why = f"{title}: its words name {', '.join(sorted(named))}, and no code of its conclusion does"
            self._draft.tell(name, Use.NOT_UNDERSTOOD, because=why)
        return bool(named)

    @staticmethod
    def _concluding(resource: Node) -> list[str]:
        """What a report concludes in words."""
        said = [word for one in nodes(resource, "conclusionCode") for word in words(one)]
        return [*said, *filter(None, [text(resource, "conclusion")])]

    def _named_too(self, resource: Node) -> set[str]:
        """The diagnoses that its words name, sentence by sentence, where they do not deny them."""
        told = (part for part in self._sentences(resource) if not denied(part))
        return {one for part in told for one in self._diagnoses_in(part)}

    def _against(self, resource: Node, concluded: set[str]) -> bool:
        """Whether its words deny or doubt what its codes conclude."""
        coded = [word for one in nodes(resource, "conclusionCode") for word in words(one)]
        said = self._sentences(resource)
        parts = [part for part in said if denied(part) or doubted(part) or _AGAINST.search(part)]
        unsure = any(_NO_RESULT.search(part) for part in said)
        against = any(concluded & self._diagnoses_in(part) or self._sounds(part, concluded) for part in parts)
        return any(map(doubted, coded)) or against or unsure

    def _sounds(self, said: str, diagnoses: set[str]) -> bool:
        """Whether words may name a diagnosis in another language: they begin as a name of it does."""
        names = (name for name, id_ in self._catalogue.diagnosis_names.items() if id_ in diagnoses)
        stems = {word[:_STEM] for name in names for word in name.split("-") if len(word) >= _STEM}
        return any(word[:_STEM] in stems for word in re.findall(r"\w+", said.lower()))

    def _sentences(self, resource: Node) -> list[str]:
        return [part for said in self._concluding(resource) for part in re.split(r"[.;,]", said)]

    def _diagnoses_in(self, said: str) -> set[str]:
        return diagnoses_named(said, self._catalogue)

    def _of_tissue(self, resource: Node, meaning: TakenFor | Left | None) -> bool:
        """Whether a report is of a biopsy, by its code, its category or its words."""
        if isinstance(meaning, TakenFor) and meaning.kind == "biopsy":
            return True
        categories = nodes(resource, "category")
        said = [word for one in (node(resource, "code"), *categories) for word in words(one)]
        coded = any(code in _PATHOLOGY for one in categories for _, code in codings(one))
        of_another = any(map(_NO_KIDNEY.search, said))
        return not of_another and (coded or any(map(_TISSUE.search, said)))

    def _reacting(self, concept: Node) -> list[str]:
        """The drugs that a concept names, without those that its words deny, doubt or tell of others."""
        coded = self._medications.named({"coding": nodes(concept, "coding")})
        sentences = [part for word in words(concept) for part in re.split(r"[;.]", word)]
        struck = {drug for said in sentences for drug in self._borne(said)}
        if not any(self._medications.named({"text": said}) for said in sentences):
            # Of words that name the drug by no name known here a denial is of the code.
            struck |= {drug for said in sentences if denied(said) or of_others(said) for drug in coded}
        found = [*coded, *(drug for said in sentences for drug in self._medications.named({"text": said}))]
        return [drug for drug in found if drug not in struck]

    def _borne(self, said: str) -> list[str]:
        """The drugs of a sentence that it denies, or calls borne or given in place of another."""
        everything = self._medications.named({"text": said})
        if denied(said) or of_others(said):
            return everything
        parts = [part for part in re.split(r"[,()]| - |->", said) if _BORNE.search(part)]
        named = [drug for part in parts for drug in self._medications.named({"text": part})]
        return named or (everything if parts else [])

    def _reaction(self, resource: Node, name: str) -> None:
        told = [node(resource, "code"), *(node(one, "substance") for one in nodes(resource, "reaction"))]
        told = [one for one in told if one]
        clinical = status(resource, "clinicalStatus", ("active", "inactive", "resolved"))
        title = "; ".join(dict.fromkeys(map(title_of, told))) or "no code"
        drugs = list(dict.fromkeys(drug for one in told for drug in self._reacting(one)))
        verified = status(resource, "verificationStatus", _ALLERGY)
        dates = (text(resource, key) for key in ("onsetDateTime", "recordedDate", "lastOccurrence"))
        at = next(filter(day, dates), "")
        if "?" in (verified, clinical):
            self._draft.tell(name, Use.NOT_UNDERSTOOD, because=f"{title}: its status cannot be read")
        elif verified in ("entered-in-error", "refuted"):
            self._draft.tell(name, Use.LEFT_OUT, because=f"{title}: {verified}")
        elif clinical == "resolved":
            self._draft.tell(name, Use.LEFT_OUT, because=f"{title}: resolved")
        elif not drugs:
            said = [word for one in told for word in words(one)]
            named = any(self._medications.named(one) for one in told)
            why = "its words deny or doubt it" if any(map(denied, said)) else "no drug of the catalogue"
            # That somebody tolerates a drug and that nobody knows are told by the same words.
            use = Use.NOT_UNDERSTOOD if named else Use.LEFT_OUT
            self._draft.tell(name, use, because=f"{title}: {why}")
        else:
            seen = [
                word
                for one in nodes(resource, "reaction")
                for what in nodes(one, "manifestation")
                for word in words(what)
            ]
            what = ", ".join(dict.fromkeys(seen)) or title
            for drug in drugs:
                data = {
                    "drug": self._catalogue.in_records(drug),
                    "at": day(at),
                    "what": what,
                    "printed": title,
                }
                self._draft.add("reactions", data, name, f"reaction to {data['drug']} ({day(at) or UNDATED})")


_DONE = ("completed", "final", "amended", "corrected", "appended")
_UNDONE = (
    *("entered-in-error", "not-done", "cancelled", "preparation", "registered", "preliminary", "partial"),
    *("unknown", "on-hold", "in-progress", "stopped"),
)
"""Of a procedure or a report: nothing that was done, or not yet what was found."""
_TISSUE = re.compile(r"biops|histolog|histopath|patholog|nierenpunk", re.IGNORECASE)
_STEM = 7
_NO_RESULT = re.compile(
    r"\binsufficient\b|\binadequate\b|\bnot diagnostic\b|\bnon-?diagnostic\b|"
    r"^\W*(?:indication|indikation|question|fragestellung)\b|\bcannot be\b|"
    r"\bnicht (?:sicher|beurteilbar|verwertbar)\b|\bunwahrscheinlich\b",
    re.IGNORECASE,
)
"""Words of a report that holds no result, or only what was asked."""
_NOT_DONE = re.compile(
    r"\b(?:donor|spender\w*|evaluation|assessment|consult\w*|planned|geplant|referral|"
    r"waiting list|warteliste|"
    r"history of|hx of|h/o|status post|s/p|zustand nach|z\.? ?n)\b",
    re.IGNORECASE,
)
"""Words of a procedure that is another one, of another, or of another time than the resource says."""
_AGAINST = re.compile(r"\bargues? against\b|\bspeaks? against\b|\bsprech\w+ gegen\b", re.IGNORECASE)
_UNSURE = re.compile(
    f"{_AGAINST.pattern}|{_NO_RESULT.pattern}|{_NOT_DONE.pattern}|"
    r"\b(?:favou?rs?|favou?red|consistent|compatible|vereinbar|suggest\w*|maybe|may|might|could|versus|vs|or|oder|"
    r"differential|versus|no evidence|resembl\w*|like|early|previous\w*|earlier|rebiopsy)\b",
    re.IGNORECASE,
)
"""Words by which a report does not conclude what it names."""
_NO_KIDNEY = re.compile(
    r"\b(?:liver|skin|bone|marrow|lung|prostate|breast|muscle|thyroid|bladder|leber|haut|donor|spender|"
    r"urinalysis|cytology|referral for)\b",
    re.IGNORECASE,
)
"""Words of reports on other tissue, or on somebody else's."""
_PATHOLOGY = ("SP", "PAT")
"""Sections of diagnostic services (HL7 v2, table 0074): surgical pathology, pathology."""
_BORNE = re.compile(
    r"\b(?:(?<!not )(?<!poorly )(?<!badly )tolerat(?:ed|es|ing)|ok|okay|chang(?:e|ed) to|"
    r"switch(?:ed)? to|instead|can take|takes|despite|now on|on \S+ now|passed|challenge|"
    r"(?<!nicht )(?<!schlecht )(?:verträgt|vertragen|verträglich)|"
    r"umgestellt auf|gewechselt auf|filler|excipient|contains)\b",
    re.IGNORECASE,
)
"""Words beside a drug that is borne, or given in place of the one that is not."""
_ALLERGY = ("confirmed", "unconfirmed", "refuted", "entered-in-error")


def _alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(one.get(key) == other.get(key) for key in ("name", "at", "present"))


def said_alone(resource: Node, section: str, codes: Codes, catalogue: Catalogue) -> Mapping[str, Any]:
    """The row of a section that a resource makes by itself; empty if it makes none, or several."""
    draft = Draft(catalogue)
    reader = ResourceReader(codes, catalogue, Medications(codes, catalogue, {}), draft)
    reader.read(resource)
    reader.join()
    rows = [row.data for row in draft.rows if row.section == section]
    return rows[0] if len(rows) == len(draft.rows) == 1 else {}


def person(patient: Node) -> dict[str, str]:
    """What a Patient says of whose chart it is: never a name, identifier or address."""
    found = {
        "id": "" if " " in text(patient, "id") else text(patient, "id"),
        "sex": _SEXES.get(text(patient, "gender"), ""),
        "birth_date": day(text(patient, "birthDate")),
    }
    return {key: value for key, value in found.items() if value}


_SEXES = {"male": "male", "female": "female"}
