"""What every handler works with; one for each worker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from nephroline.service.fetching import FhirReader
from nephroline.service.gate import Gate
from nephroline.service.questions import Desk
from nephroline.service.settings import Settings
from nephroline.service.store import Store
from nephroline.service.tokens import Tokens
from nephroline.workbench.bench import Bench
from nephroline.workbench.workshop import Workshop


class Office(NamedTuple):
    """The desk that answers programs, the bench that answers the page, where that is kept, and who may ask.

    `rules`: the rule base as it is kept; `templates`, `discovery` and `etag`: what CDS Hooks is offered.
    """

    settings: Settings
    desk: Desk
    bench: Bench
    workshop: Workshop
    computing: Gate
    writing: Gate
    store: Store | None
    rules: bytes
    tokens: Tokens | None
    reader: FhirReader
    templates: Mapping[str, str]
    discovery: bytes
    etag: str
