"""Conditions: what is there, what has gone, what is only suspected; and diagnoses of the kidney."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from nephroline.catalogue import Catalogue, spelling
from nephroline.interop.fhir.codes import Codes, Kind, Left, TakenFor
from nephroline.interop.fhir.drafting import NotUsed
from nephroline.interop.fhir.nodes import Node, codings, doubted, node, nodes, status, text, title_of, words
from nephroline.interop.fhir.times import day, first_day, period

_GONE = ("inactive", "remission", "resolved")
_SUSPECTED = ("provisional", "differential", "unconfirmed")
_VERIFIED = (*_SUSPECTED, "confirmed", "refuted", "entered-in-error")
_CLINICAL = (*_GONE, "active", "recurrence", "relapse")
_CERTAINTY = "icd-10-gm-diagnosesicherheit"
"""The extension by which German charts say how sure a diagnosis is, and what its codes are here."""
_OF_OTHERS = re.compile(
    r"\b(?:family history|family hx|fam\.? ?hx|familienanamnese|familial risk|paternal)\b|\bfhx?\b|"
    r"\b(?:mothers?|fathers?|brothers?|sisters?|siblings?|parents?|grand\w+|uncles?|aunts?|cousins?|wife|husband|"
    r"familie|familiaux|familiale|vader|moeder|père|mère|pai|mãe|padre|madre|famil(?:y|ien)-?\w*|"
    r"partner|sons?|daughters?|vater|mutter|bruder|brüder|schwestern?|eltern\w*|großm\w+|großv\w+|grossm\w+|"
    r"grossv\w+|oma|opa|onkel|tante|ehemann|ehefrau|sohn|tochter|familiäre belastung)\b",
    re.IGNORECASE,
)
_PAST = re.compile(
    r"\b(?:history of|hx|h/o|status post|s/p|zustand nach|z\.? ?n\.|cured|geheilt|anamnestisch\w*|"
    r"antécédents?|ancien(?:ne)?|antecedentes?)(?!\w)|"
    r"^(?:past|previous|former|old|ex)\b|(?:\bhistory|, past)\W*$",
    re.IGNORECASE,
)
_AFTER = "Z"
_CONFIRMED = "G"
_BY_CERTAINTY = {"A": "refuted", "V": "provisional", _CONFIRMED: "confirmed", _AFTER: "confirmed"}
"""Of them, Z is the state after it: it was there and has gone."""


class Noted(NamedTuple):
    """A condition of the record at a time; `present` None: it is not known whether it is there."""

    name: str
    at: str
    present: bool | None
    printed: str


class Asserted(NamedTuple):
    """A finding of the record."""

    name: str
    at: str
    value: bool
    printed: str


class Diagnosed(NamedTuple):
    """A diagnosis that a kidney biopsy makes."""

    diagnosis: str
    at: str
    printed: str


def of_others(said: str) -> bool:
    """Whether words tell of somebody of the family."""
    return _OF_OTHERS.search(said) is not None


def stated(
    resource: Node, codes: Codes, catalogue: Catalogue
) -> Iterator[Noted | Asserted | Diagnosed | NotUsed]:
    """What a Condition says."""
    concept = node(resource, "code")
    title = title_of(concept)
    sure = _certainty(concept)
    verified = _BY_CERTAINTY.get(sure, "?") if sure else status(resource, "verificationStatus", _VERIFIED)
    clinical = "resolved" if sure == _AFTER else status(resource, "clinicalStatus", _CLINICAL)
    meaning = codes.best(concept) or _by_words(concept, catalogue)
    if any(map(of_others, words(concept))):
        yield NotUsed(f"{title}: of the family, not of the patient", odd=True)
    elif "?" in (verified, clinical):
        yield NotUsed(f"{title}: its status cannot be read", odd=True)
    elif verified == "entered-in-error":
        yield NotUsed(f"{title}: entered in error")
    elif _ended_before(resource):
        yield NotUsed(f"{title}: it ended before it began", odd=True)
    elif len(several := {one.id for one in codes.all_of(concept) if one.kind == "diagnosis"}) > 1:
        yield NotUsed(f"{title}: its codes name several diagnoses: {', '.join(sorted(several))}", odd=True)
    elif isinstance(meaning, TakenFor) and (
        is_unlike(concept, meaning, catalogue) or other_diagnoses(words(concept), meaning, catalogue)
    ):
        yield NotUsed(f"{title}: its words tell of something else than its code", odd=True)
    elif isinstance(meaning, Left):
        yield NotUsed(f"{title}: looks like {meaning.like} and is not: {meaning.because}")
    elif meaning is None:
        yield NotUsed(f"{title}: no rule reads it")
    else:
        # An official certainty goes before the words of a classification.
        official = sure == _CONFIRMED
        # One problem may be coded as two conditions.
        beside = [one for one in codes.all_of(concept) if one.kind == meaning.kind == "condition"]
        for one in beside or [meaning]:
            yield from _read(resource, one, title, verified, clinical, catalogue, official=official)


def is_unlike(concept: Node, meaning: TakenFor, catalogue: Catalogue) -> bool:
    """Whether words name another thing than the condition that a code is taken for."""
    known = {"condition": catalogue.conditions, "diagnosis": catalogue.diagnoses}.get(meaning.kind, {}).get(
        meaning.id
    )
    said = [part for one in words(concept) for part in spelling(one).split("-")]
    return known is not None and any(
        part == one or (len(one) > _WHOLE and part.startswith(one)) for one in known.unlike for part in said
    )


def other_diagnoses(said: Iterable[str], meaning: TakenFor, catalogue: Catalogue) -> set[str]:
    """The diagnoses of a biopsy that words name, other than the one that a code is taken for."""
    if meaning.kind != "diagnosis":
        return set()
    return {id_ for one in said for id_ in diagnoses_named(one, catalogue)} - {meaning.id}


def diagnoses_named(said: str, catalogue: Catalogue) -> set[str]:
    """The diagnoses of a biopsy that words name."""
    plain = f"-{spelling(re.sub(_SIGNS, ' ', said))}-"
    names = catalogue.diagnosis_names
    return {id_ for name, id_ in names.items() if id_ != "other" and f"-{name}-" in plain}


_SIGNS = r"[^\w\s-]"
_WHOLE = 3
"""A word as short as that stands for itself alone, not for what begins with it."""


def _read(
    resource: Node,
    meaning: TakenFor,
    title: str,
    verified: str,
    clinical: str,
    catalogue: Catalogue,
    *,
    official: bool,
) -> Iterator[Noted | Asserted | Diagnosed | NotUsed]:
    since, until = _onset(resource), _abated(resource)
    said = words(node(resource, "code"))
    in_words = any(map(doubted, said)) and meaning.kind != "absent" and not official
    past = any(map(_PAST.search, said))
    noted = text(resource, "recordedDate")
    # What was recorded after it had ended was not there when it was recorded.
    over = bool(until) and (not day(noted) or first_day(until) <= first_day(noted))
    at = since or (until if over else noted)
    if not day(at):
        # What a list of problems says without a date is so by now.
        plainly = verified in ("", "confirmed") and clinical not in _GONE and not in_words and not past
        if meaning.kind in ("condition", "test") and plainly:
            yield Noted(meaning.id, "", True, title)
        else:
            yield NotUsed(f"{title}: it has no date", odd=True)
        return
    if meaning.kind == "diagnosis":
        if verified in (*_SUSPECTED, "refuted"):
            yield NotUsed(f"{title}: {verified}")
        elif in_words or past:
            yield NotUsed(f"{title}: its words do not say that it is there now", odd=True)
        elif meaning.only == "unsure" and not _said_so(resource, meaning.id, catalogue):
            yield NotUsed(f"{title}: the code holds other lesions too, and no words say which", odd=True)
        else:
            yield Diagnosed(meaning.id, at, title)
    elif meaning.kind == "finding":
        if verified in _SUSPECTED:
            yield NotUsed(f"{title}: {verified}")
        elif in_words:
            yield NotUsed(f"{title}: its words deny or doubt it", odd=True)
        elif clinical in _GONE:
            yield NotUsed(f"{title}: {clinical}, which does not say whether it is so", odd=True)
        else:
            yield Asserted(meaning.id, at, verified != "refuted", title)
    elif meaning.kind in ("condition", "absent", "test"):
        there = meaning.kind != "absent"
        if verified == "refuted":
            yield Noted(meaning.id, noted or at, not there, title)
        elif verified in _SUSPECTED:
            yield Noted(meaning.id, at, None, f"{title} ({verified})")
        elif in_words:
            yield Noted(meaning.id, at, None, f"{title} (its words deny or doubt it)")
        elif past:
            yield Noted(meaning.id, at, None, f"{title} (of the past; whether it is there now is not said)")
        else:
            begun = at if since or not over else ""
            ended = _gone(resource, meaning.id, title, until, noted, begun or at, clinical, begun=bool(begun))
            gone = list(ended) if there else []
            if not gone or (begun and day(gone[0].at) != day(at)):
                yield Noted(meaning.id, at, there, title)
            yield from gone
    else:
        yield NotUsed(f"{title}: a code of another kind of resource", odd=True)


def _gone(
    resource: Node, name: str, title: str, until: str, noted: str, at: str, clinical: str, *, begun: bool
) -> Iterator[Noted]:
    """That a condition has gone, at its end; else that nobody knows whether it is there.

    What ends on the day it began, or with an encounter of which it is the diagnosis, need not have gone; nor
    what is inactive or in remission. When it was recorded is not when it ended. *begun*: whether `at` is when
    it began.
    """
    ended = any(name in resource for name in _ENDS)
    if clinical not in _GONE and not until and not ended:
        return
    visit = any(code == _OF_VISIT for one in nodes(resource, "category") for _, code in codings(one))
    end = until or (noted if day(noted) > day(at) else at)
    lasted = not begun or day(end) != day(at)
    if until and not visit and lasted and clinical in ("", _RESOLVED):
        yield Noted(name, end, False, f"{title} ({clinical or 'abated'})")
    else:
        yield Noted(name, end, None, f"{title} ({clinical or 'abated'}; whether it has gone is not said)")


_RESOLVED = "resolved"
_ENDS = ("abatementString", "abatementAge", "abatementRange")
_OF_VISIT = "encounter-diagnosis"


def _certainty(concept: Node) -> str:
    """How sure a diagnosis is by the extension of German charts; empty where they do not say."""
    for coding in nodes(concept, "coding"):
        for extension in nodes(coding, "extension"):
            if text(extension, "url").endswith(_CERTAINTY):
                return text(extension, "valueCoding", "code") or "?"
        behind = _LETTER.search(text(coding, "code"))
        if behind is not None and text(coding, "system").endswith(_OF_GERMANY):
            return behind[1]
    return ""


_LETTER = re.compile(r"[\d+*!-] ?([AGVZ])$")
"""The letter of certainty, written behind the code itself."""
_OF_GERMANY = "icd-10-gm"


def _ended_before(resource: Node) -> bool:
    """Whether a condition is said to have ended before it began."""
    since, until = first_day(_onset(resource)), first_day(_abated(resource))
    return bool(since and until) and until < since


def _onset(resource: Node) -> str:
    found = (text(resource, "onsetDateTime"), *period(node(resource, "onsetPeriod"))[:1])
    return next((value for value in found if day(value)), "")


def _abated(resource: Node) -> str:
    start, end = period(node(resource, "abatementPeriod"))
    found = (text(resource, "abatementDateTime"), end, start)
    return next((value for value in found if day(value)), "")


def _by_words(concept: Node, catalogue: Catalogue) -> TakenFor | None:
    """A condition, finding or diagnosis that the words of a concept name exactly."""
    tables: tuple[tuple[Kind, Mapping[str, str]], ...] = (
        ("diagnosis", catalogue.diagnosis_names),
        ("condition", catalogue.condition_names),
        ("finding", catalogue.assertion_names),
    )
    for said in words(concept):
        name = spelling(said.removesuffix(" (disorder)"))
        for kind, names in tables:
            if name in names:
                return None if (kind, names[name]) == ("diagnosis", "other") else TakenFor(kind, names[name])
    return None


def _said_so(resource: Node, diagnosis: str, catalogue: Catalogue) -> bool:
    """Whether the words beside a code name the diagnosis itself."""
    names = catalogue.diagnosis_names
    return any(names.get(spelling(said)) == diagnosis for said in words(node(resource, "code")))
