"""What tells one composed pathway from another: its content, whatever file or order it was written in.

Two pathways with the same digest say the same: the same numbers, conditions, conclusions and authority over
the same catalogue. Where an entry stands, and how its text is laid out, leave the digest as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from nephroline.catalogue import digest, plain
from nephroline.lang import Node, written

if TYPE_CHECKING:
    from nephroline.pathway.models import Pathway


def digest_of(pathway: Pathway) -> str:
    """The SHA-256 of a pathway's content and of its catalogue, such as ``sha256:3f…``."""
    content = {
        "head": (pathway.id, pathway.title, pathway.edition, pathway.disease, pathway.source),
        "thresholds": _by_key(
            (t.name, _plain(t, "forms", "amounts"), _forms(t.forms)) for t in _of(pathway.thresholds)
        ),
        "definitions": _by_key(
            (d.id, _plain(d, "when", "module", "clause"), written(d.when)) for d in _of(pathway.definitions)
        ),
        "exposure": _by_key(
            (e.agent, *map(_written, (e.adequate, e.presumed, e.inadequate))) for e in pathway.exposure
        ),
        # Of these the first that holds counts, so that their order says something.
        "responses": [(response, written(node)) for response, node in pathway.responses],
        "provisional": [(response, written(node)) for response, node in pathway.provisional],
        "doubts": [(str(response), text) for response, text in pathway.doubts.items() if text],
        "unconfirmed": [(response, written(node)) for response, node in pathway.unconfirmed],
        "indeterminate": [(written(node), because) for node, because in pathway.gaps],
        "applicability": [
            (verdict, written(node), because) for verdict, node, because in pathway.applicability
        ],
        "without_biopsy": [written(node) for node in pathway.without_biopsy],
        "rules": _by_key(
            (
                r.id,
                _plain(r, "when", "unless", "module", "place", "care", "clause", "exception"),
                written(r.when),
                _written(r.unless),
                type(r.conclusion).__name__,
            )
            for r in _of(pathway.rules)
        ),
    }
    text = msgspec.json.encode(content, order="deterministic", enc_hook=str)
    return "sha256:" + digest(text, pathway.catalogue.digest.encode())


def _of(table: Mapping[str, Any]) -> Iterable[Any]:
    return table.values()


def _by_key(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=lambda row: str(row[0]))


def _plain(item: msgspec.Struct, *without: str) -> dict[str, Any]:
    """The fields of a struct, less those that are told otherwise or do not belong to its content."""
    return {name: plain(value) for name, value in msgspec.structs.asdict(item).items() if name not in without}


def _forms(forms: Mapping[str, Any]) -> list[str]:
    return [quantity.text for quantity in forms.values()]


def _written(node: Node | None) -> str | None:
    return None if node is None else written(node)
