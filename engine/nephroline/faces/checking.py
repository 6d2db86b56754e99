"""Check files of any kind: tell what each is, and collect its problems."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from nephroline.errors import InputError, Problem
from nephroline.pathway import load_pathway, pathway_ids, read_pathway
from nephroline.record import open_document, read_record
from nephroline.replaying import read_scenario, scenario_files
from nephroline.yamlfile import mapping

Checked = tuple[str, str, list[Problem]]
"""The file, its kind, and its problems."""


def check_files(paths: Sequence[str]) -> list[Checked]:
    """Check files and folders; without any, the pathways that come with Nephroline."""
    if not paths:
        return [_checked(name, "pathway", partial(load_pathway, name)) for name in pathway_ids()]
    return [_check(file) for file in scenario_files(paths) if "catalogue" not in file.parts]


def _check(file: Path) -> Checked:
    try:
        document = open_document(file)
    except InputError as bad:
        return str(file), "unreadable", list(bad.problems)
    data = mapping(document.data)
    if "scenario" in data:
        return _checked(str(file), "scenario", partial(read_scenario, file))
    if "pathway" in data:
        return _checked(str(file), "pathway", partial(read_pathway, file, str(file)))
    if "id" in data:
        return _checked(str(file), "record", partial(read_record, document))
    problem = Problem(
        "is neither a record, a scenario nor a pathway",
        "give it `id`, `scenario` or `pathway`",
        str(file),
    )
    return str(file), "unknown", [problem]


def _checked(file: str, kind: str, read: Callable[[], object]) -> Checked:
    try:
        read()
    except InputError as bad:
        return file, kind, list(bad.problems)
    return file, kind, []
