"""Check files of any kind: tell what each is, and collect its problems."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache, partial
from pathlib import Path

from nephroline.catalogue import CODES
from nephroline.errors import InputError, Problem, RecordError, did_you_mean, quoted
from nephroline.expecting import parts
from nephroline.interop.fhir import is_fhir, load_codes, read_fhir
from nephroline.pathway import (
    Alert,
    FindingOf,
    Recommend,
    RuleBase,
    is_rule_base,
    load_rules,
    rules_of_file,
)
from nephroline.record import open_document, read_record
from nephroline.replaying import read_scenario, scenario_files
from nephroline.terms import Action, Adequacy, Answer, Outcome, Response, Verdict
from nephroline.yamlfile import Document, FieldPath, mapping

Checked = tuple[str, str, list[Problem]]
"""The file, its kind, and its problems."""


def check_files(paths: Sequence[str], rules: str | None = None) -> list[Checked]:
    """Check files and folders, and the rules of a site; without any, those that come with Nephroline."""
    if not paths:
        return _check_rules(Path(rules) if rules else None)
    found = _check_rules(Path(rules)) if rules else list[Checked]()
    base = load_rules(rules) if not any(bad for _, _, bad in found) else None
    for path in map(Path, paths):
        if is_rule_base(path):
            found += _check_rules(path)
        else:
            found += [_check(file, base) for file in scenario_files([path])]
    return found


def _check_rules(folder: Path | None) -> list[Checked]:
    """Every file of a rule base; then every pathway and edition, and what none of them uses."""
    name = str(folder or "rules")
    try:
        rules = load_rules(folder)
        found = [
            _checked(f"{name}/catalogue", "catalogue", lambda: rules.catalogue),
            _checked(f"{name}/{CODES}", "codes", lambda: load_codes(rules.catalogue, folder)),
        ]
    except InputError as bad:
        return [(name, "rules", list(bad.problems))]
    found += [_checked(file, "module", read) for file, read in rules.files.items()]
    if any(problems for _, _, problems in found):
        return found
    for known in rules.pathway_ids:
        found.append(_checked(f"{name}/{known}", "pathway", partial(rules.pathway, known)))
    for known in rules.edition_ids:
        found.append(_checked(f"{name}/{known}/edition", "edition", partial(rules.edition, known)))
    if not any(problems for _, _, problems in found):
        found.append((name, "rules", _idle(rules)))
    return _once(found)


def _idle(rules: RuleBase) -> list[Problem]:
    """Modules, thresholds and definitions that no pathway uses."""
    pathways = [rules.pathway(name) for name in rules.pathway_ids]
    found: list[Problem] = []
    for name, module in rules.modules.items():
        using = [p for p in pathways if name in p.modules]
        if not using:
            found.append(module.place.problem(f"no pathway uses the module `{name}`", "use it, or remove it"))
            continue
        idle = [
            ("threshold", limit, stated.place)
            for limit, stated in module.thresholds.items()
            if not any(limit in p.thresholds_used for p in using)
        ]
        idle += [
            ("definition", defined, stated.place)
            for defined, stated in module.definitions.items()
            if not any(defined in p.definitions_used for p in using)
        ]
        found += [
            place.problem(f"nothing uses the {kind} `{what}`", "remove it") for kind, what, place in idle
        ]
    return found


def _once(results: list[Checked]) -> list[Checked]:
    """Each problem where it is met first: what is shared by pathways is wrong in all of them."""
    seen: set[Problem] = set()
    found: list[Checked] = []
    for file, kind, problems in results:
        found.append((file, kind, [p for p in problems if p not in seen]))
        seen |= set(problems)
    return found


def _check(file: Path, rules: RuleBase | None) -> Checked:
    catalogue = rules.catalogue if rules else None
    if _is_fhir(file):
        return _checked(str(file), "FHIR", partial(read_fhir, file, catalogue))
    try:
        document = open_document(file)
    except InputError as bad:
        return str(file), "unreadable", list(bad.problems)
    data = mapping(document.data)
    if "scenario" in data:
        return _checked(str(file), "scenario", lambda: _check_scenario(document, rules or load_rules()))
    if "pathway" in data:
        return _checked(str(file), "pathway", lambda: rules_of_file(file).pathway(str(file)))
    if "module" in data:
        # A module is called by its place below the folder of the site: ./a/b stands two below it.
        depth = str(data["module"]).count("/")
        return _checked(str(file), "module", partial(rules_of_file, file, depth))
    if "id" in data:
        return _checked(str(file), "record", partial(read_record, document, catalogue))
    problem = Problem(
        "is neither a record, a scenario, a pathway nor a module",
        "give it `id`, `scenario`, `pathway` or `module`",
        str(file),
    )
    return str(file), "unknown", [problem]


def _is_fhir(file: Path) -> bool:
    if file.suffix in (".yaml", ".yml"):
        return False
    try:
        return is_fhir(file.read_bytes())
    except OSError:
        return False


def _check_scenario(document: Document, rules: RuleBase) -> None:
    """A scenario, whether its pathways are known, and whether any can say what it expects or denies."""
    scenario = read_scenario(document, rules.catalogue)
    said = _said(rules)
    problems: list[Problem] = []

    def look_up(path: FieldPath, kind: str, name: str, known: Collection[str], see: str = "") -> None:
        if name not in known:
            remedy = did_you_mean(name, known, see=see)
            problems.append(document.problem(path, f"unknown {kind} {quoted(name)}", remedy))

    hint = "that of a site is known with its folder, by --rules"
    look_up(("pathway",), "pathway", scenario.pathway, rules.pathway_ids, hint)
    for i, entry in enumerate(scenario.expect):
        if entry.pathway is not None:
            look_up(("expect", i, "pathway"), "pathway", entry.pathway, rules.pathway_ids, hint)
        for inside, part in parts(entry):
            here = ("expect", i, *inside)
            for field, (kind, known) in said.items():
                for j, name in enumerate(getattr(part, field)):
                    look_up((*here, field, j), kind, name, known)
            for field, words in _WORDS.items():
                word = getattr(part, field)
                if word is not None:
                    look_up((*here, field), field, word, words, "accepted: " + ", ".join(words))
            for field, words in _WORDS_OF_LINES.items():
                for n, word in getattr(part, field).items():
                    look_up((*here, field, n), field, word, words, "accepted: " + ", ".join(words))
    if problems:
        raise RecordError(problems)


_WORDS: dict[str, list[str]] = {
    "answer": [*Answer],
    "applicability": [*Verdict],
    "status": [*Response],
    "action": ["none", *Action],
}
_WORDS_OF_LINES: dict[str, list[str]] = {"exposure": [*Adequacy], "outcome": [*Outcome]}


@lru_cache(maxsize=2)
def _said(base: RuleBase) -> dict[str, tuple[str, set[str]]]:
    """What an answer can hold; a denial of anything else would always be met, and a choice of it never."""
    rules = [rule for name in base.pathway_ids for rule in base.pathway(name).rules.values()]
    regimens = ("regimen", {"none", *base.catalogue.regimens})
    lists = {
        "findings": ("finding", {r.conclusion.id for r in rules if isinstance(r.conclusion, FindingOf)}),
        "actions": ("action", {r.id for r in rules if isinstance(r.conclusion, Recommend)}),
        "alerts": ("alert", {r.id for r in rules if isinstance(r.conclusion, Alert)}),
        **dict.fromkeys(("alternatives", "blocked"), regimens),
    }
    return {
        **lists,
        **{f"not_{field}": known for field, known in lists.items()},
        "not_next_line": regimens,
    }


def _checked(file: str, kind: str, read: Callable[[], object]) -> Checked:
    try:
        read()
    except InputError as bad:
        return file, kind, list(bad.problems)
    return file, kind, []
