"""What every handler works with; one for each worker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from nephroline.consultation import Consultation
from nephroline.errors import UsageError
from nephroline.service.fetching import FhirReader
from nephroline.service.gate import Gate
from nephroline.service.questions import Desk
from nephroline.service.settings import Settings
from nephroline.service.store import Made, Manner, Store
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

    async def keep(self, answer: Consultation, record: dict[str, Any], asked_by: str, manner: Manner) -> str:
        """Write a decision record; its id. Raises: UsageError where nothing is kept."""
        if self.store is None:
            raise UsageError.of("nothing is kept here", "set store.url")
        made = Made.of(answer, record, asked_by, manner=manner)
        return await self.writing.run(self.store.keep, made, self.rules)
