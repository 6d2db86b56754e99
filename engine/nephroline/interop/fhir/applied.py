"""What acts where it is put, not in the body: drops, ointments, inhalers, enemas."""

from __future__ import annotations

import re

from nephroline.interop.fhir.nodes import Node, codings, node, nodes, text, words

_LOCAL = re.compile(
    r"\b(?:eye|ear|nasal|nose|topical|ophth\w*|otic|inhal\w*|ointment|cream|lotion|shampoo|puffs?|spray|"
    r"(?<!soft )(?<!soft-)(?<!injectable )(?<!injection )gel(?! ?cap)|"
    r"enema|foam|pessary|vaginal|intra[- ]?articular|intra[- ]?vitreal|intra[- ]?lesional|intra[- ]?thecal|"
    r"muco-?adhesive|rectum|implant|mouth-?wash|"
    r"eye-?drops?|(?<!oral )drops?|minims|suppositor\w+|rectal|turbuhaler|diskus|accuhaler|nebuli[sz]er|"
    r"nebules?|respules?|"
    r"scalp|dental|paste|augen\w*|ohren\w*|nasen\w*|salbe|creme|mundsp\w*|einlauf|zäpfchen|supp|klysma|"
    r"klistier|rektal\w*|lokal|pflaster|emulgel|haut|kne\w+|knie|\w*aerosol|hfa|\w+haler)\b",
    re.IGNORECASE,
)
"""Words of a product, a form, a route or a site of what acts where it is put."""
_PERCENT = re.compile(r"\d ?%")
_FLUID = re.compile(r"\b(?:nacl|sodium|saline|glucose|dextrose|infusion|injection)\b", re.IGNORECASE)
"""A product whose strength is a percentage is put on something, unless it is in a fluid of one."""
_APPLIED = re.compile(
    r"^(?:apply|instil|inhale|rub)\b|\b(?:puffs?|drops?|sprays?|inhalations?|hübe?|tropfen)\b|"
    r"\b(?:in|into|to|on) (?:(?:the|each|both|left|right|affected|your) )*"
    r"(?:eyes?|ears?|nostrils?|nose|scalp)\b",
    re.IGNORECASE,
)
"""What instructions for it say."""
_ROUTES = frozenset(
    (
        *("54485002", "6064005", "46713006", "10547007", "447694001", "16857009", "18679011000001101"),
        *("37161004", "72607000", "12130007"),
    )
)
"""Routes of SNOMED CT: ophthalmic, topical, nasal, otic, respiratory tract, vaginal, inhalation; rectal,
intrathecal, intra-articular."""
_SYSTEMIC = frozenset(("26643006", "47625008", "34206005", "78421000", "PO", "IV", "IM", "SC", "SQ"))
"""Oral, intravenous, subcutaneous and intramuscular routes of SNOMED CT and of HL7 v2."""
_ROUTES_OF_V2 = frozenset(
    ("AP", "DT", "EP", "IN", "IO", "IS", "IT", "MM", "NS", "OP", "OT", "PR", "TP", "VG", "WND")
)
"""Routes of HL7 v2, table 0162, that lead to one place."""
_METHODS = frozenset(("417924000",))
"""Methods of SNOMED CT: apply."""
_ATC = re.compile(r"^(?:A01AC|A07EA|C05AA|D|G01|M02|R01|R03BA|S)")
"""Groups of ATC for mouth, bowel, rectum, skin, vagina, joints, nose, bronchi, eye and ear."""
_OF_ATC = "atc"


def acts_locally(resource: Node, product: Node, concept: Node, name: str) -> bool:
    """Whether a medicine acts where it is put, by its code, name, form, route, site or instructions."""
    rows = [*nodes(resource, "dosageInstruction"), *nodes(resource, "dosage")]
    routes = [node(row, "route") for row in rows]
    about = [*routes, node(product, "form"), *(node(row, "site") for row in rows)]
    said = [name, *(word for one in about for word in words(one))]
    groups = [code for system, code in codings(concept) if system.rstrip("/").lower().endswith(_OF_ATC)]
    if groups and all(map(_ATC.match, groups)):
        return True
    coded = [pair for one in routes for pair in codings(one)]
    if any(code in _SYSTEMIC for _, code in coded):
        # Whatever the words are: it is swallowed or infused.
        return False
    if groups:
        # What the code says of it goes before its name.
        return _put_on(coded, rows, said[1:])
    by_strength = _PERCENT.search(name) is not None and _FLUID.search(name) is None
    return by_strength or _put_on(coded, rows, said)


def _put_on(coded: list[tuple[str, str]], rows: list[Node], said: list[str]) -> bool:
    by_route = any(
        code in _ROUTES or (system.rstrip("/").endswith("0162") and code in _ROUTES_OF_V2)
        for system, code in coded
    )
    by_method = any(code in _METHODS for row in rows for _, code in codings(node(row, "method")))
    by_words = any(_APPLIED.search(text(row, "text")) for row in rows)
    return by_route or by_method or by_words or any(map(_LOCAL.search, said))
