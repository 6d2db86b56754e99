"""Ways to infer: `durable` answers, `reference` says what the answer means, `shadow` runs both."""

from nephroline.backends.base import PATIENT, Backend, Fact, Stage, Truths
from nephroline.backends.choose import BACKENDS, Shadow, backend

__all__ = ["BACKENDS", "PATIENT", "Backend", "Fact", "Shadow", "Stage", "Truths", "backend"]
