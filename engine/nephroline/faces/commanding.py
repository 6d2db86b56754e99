"""What every command needs: the app, the options that they share, and how they read and write."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from nephroline.catalogue import Catalogue
    from nephroline.consultation import Consultation
    from nephroline.interop.fhir import Codes, FhirRecord
    from nephroline.pathway import Pathway, RuleBase
    from nephroline.record import Record
    from nephroline.replaying import Scenario
    from nephroline.selecting import Selected
    from nephroline.yamlfile import Document

AUTO = "auto"
"""As in `selecting`, which a command imports only when it runs."""

app = typer.Typer(
    name="nephroline",
    help="Treatment-pathway decision support for nephrotic syndrome: rules in YAML, reasons in the open.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Format = Literal["text", "json"]
RecordArgument = Annotated[
    str,
    typer.Argument(
        help="A record or scenario (YAML or JSON), or FHIR (Bundle, NDJSON, folder); - reads standard input."
    ),
]
At = Annotated[
    str | None,
    typer.Option("--at", help="Decision time, such as '10 mo' or 2014-05-31. Default: the last fact."),
]


def complete_asked(typed: str) -> list[str]:
    """What may be asked and begins so, for the shell."""
    return [*([AUTO] if AUTO.startswith(typed) else ()), *complete_pathway(typed)]


def complete_pathway(typed: str) -> list[str]:
    """The pathways that begin so, for the shell."""
    from nephroline.pathway import pathway_ids

    return _begun(typed, pathway_ids())


def complete_regimen(typed: str) -> list[str]:
    """The regimens that begin so, for the shell."""
    return _begun(typed, _catalogue().regimens)


def complete_drug(typed: str) -> list[str]:
    """The drugs that begin so, for the shell."""
    return _begun(typed, _catalogue().drugs)


def complete_datum(typed: str) -> list[str]:
    """What a chart may hold and begins so, to be set or removed, for the shell."""
    found = _catalogue()
    names = [*found.analytes, *found.conditions, *found.assertions, "sex", "age", "biopsy.diagnosis"]
    return [f"{name}=" for name in _begun(typed, names)]


def complete_named(typed: str) -> list[str]:
    """What can be asked why: a rule, finding, regimen or alert that begins so, for the shell."""
    from nephroline.pathway import load_pathway, pathway_ids

    names = {"next-line", *_catalogue().regimens}
    for name in pathway_ids():
        rules = load_pathway(name).rules
        names |= {*rules, *(rule.concludes.partition(" ")[2] for rule in rules.values())}
    return _begun(typed, sorted(names))


def _catalogue() -> Catalogue:
    from nephroline.catalogue import load_catalogue

    return load_catalogue()


def _begun(typed: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name and name.startswith(typed)]


_PATHWAY_HELP = "A pathway id or YAML file; auto takes the newest edition whose disease the biopsy shows."
PathwayOption = Annotated[
    str | None,
    typer.Option(
        "--pathway",
        "-p",
        help=f"{_PATHWAY_HELP} Default: the scenario's own, else {AUTO}.",
        autocompletion=complete_asked,
    ),
]
RulesOption = Annotated[
    str | None,
    typer.Option(
        "--rules",
        metavar="DIR",
        help="A folder with a site's own pathways and modules, beside those that come with Nephroline.",
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", "-f", help="Text for people, JSON for programs.")]
QuickOption = Annotated[
    bool, typer.Option("--quick", help="Without the search for what missing data can change.")
]
ShadowOption = Annotated[
    bool,
    typer.Option("--shadow", help="Infer by every evaluator, and answer only if they agree."),
]


def rule_base(rules: str | None, pathway: str | None = None) -> RuleBase:
    """The rules of a folder, those that go with a pathway file, else those that come with Nephroline."""
    from nephroline.pathway import rules_with

    found = rules_with(rules, pathway)
    if found.catalogue.replaced:
        typer.echo(f"note: this site changes {'; '.join(found.catalogue.replaced)}", err=True)
    return found


def record_and_pathway(
    source: str, pathway: str | None, rules: str | None = None
) -> tuple[Record, Selected | Pathway | RuleBase]:
    """The record of a file (or ``-``), and what is asked about it."""
    from nephroline.record import read_record

    document = document_of(source)
    asked = asked_of(document, pathway, rules)
    return read_record(document, asked.catalogue), asked


def document_of(source: str, catalogue: Catalogue | None = None) -> Document:
    """A file or standard input (``-``), read but not yet understood; FHIR as the record that it makes."""
    from nephroline.errors import UsageError
    from nephroline.record import open_document

    if not source:
        raise UsageError.of("no record is named", "give the path of a file, or - for standard input")
    content = content_of(source)
    taken = fhir_of(content, catalogue)
    if taken is None:
        return open_document(content)
    typer.echo(f"FHIR: {taken.reading.summary}; nephroline fhir tells each", err=True)
    return open_document(taken.record)


def content_of(source: str) -> bytes | Path:
    """A path, or what standard input (``-``) holds, no more of it than is ever read."""
    return sys.stdin.buffer.read(_MOST + 1) if source == "-" else Path(source)


def fhir_of(
    content: bytes | Path, catalogue: Catalogue | None = None, codes: Codes | None = None
) -> FhirRecord | None:
    """The record that FHIR in a file, a folder or standard input makes; None if it is none."""
    head = content if isinstance(content, bytes) else b""
    if isinstance(content, Path):
        if content.is_dir():
            head = b"{" if any(content.rglob("*.ndjson")) or any(content.rglob("*.json")) else b""
        elif content.suffix in (".yaml", ".yml"):
            return None
        else:
            head = _beginning(content)
    if head[:_FEW].lstrip()[:1] != b"{":
        return None
    from nephroline.interop.fhir import is_fhir, read_fhir

    folder = isinstance(content, Path) and content.is_dir()
    return read_fhir(content, catalogue, codes) if folder or is_fhir(head) else None


_FEW, _BEGINNING, _MOST = 64, 65_536, 64_000_000


def _beginning(file: Path) -> bytes:
    """The first bytes of a file, by which its kind is told; none if it cannot be read."""
    try:
        with file.open("rb") as stream:
            return stream.read(_BEGINNING)
    except OSError:
        return b""


def asked_of(
    document: Document, pathway: str | None, rules: str | None = None
) -> Selected | Pathway | RuleBase:
    """The pathway that is asked for, else the scenario's own, else the rules to choose it from."""
    from nephroline.errors import RecordError
    from nephroline.yamlfile import mapping

    data = mapping(document.data)
    own: Any = data.get("pathway") if "scenario" in data else None
    if own is not None and not isinstance(own, str):
        raise RecordError([document.problem(("pathway",), "expected text", "name a pathway by its id")])
    return _asked(rule_base(rules, pathway), pathway, own)


def asked_for(base: RuleBase, pathway: str | None, scenario: Scenario) -> Selected | Pathway | RuleBase:
    """What is asked about a scenario, or about a record that was read as one; as `asked_of`."""
    return _asked(base, pathway, scenario.pathway)


def _asked(base: RuleBase, pathway: str | None, own: str | None) -> Selected | Pathway | RuleBase:
    from nephroline.selecting import Selected

    name = pathway or own or AUTO
    if name == AUTO:
        return base
    found = base.pathway(name)
    return found if pathway else Selected(found, ("the scenario names it",))


def write(file: Path, text: str) -> None:
    """Write a file; raises ``UsageError`` where the folder or disk refuses it."""
    from nephroline.errors import UsageError

    try:
        file.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise UsageError.of(f"{file} cannot be written: {problem.strerror}", "choose another file") from None


def show_answer(answer: Consultation, *, form: str, verbose: int, more: str) -> None:
    """Show an answer: as JSON, in a few lines with *more* below them, or whole."""
    if form == "json":
        typer.echo(answer.to_json(indent=2))
        return
    from nephroline.faces.screen import Screen, paged

    if not verbose:
        from nephroline.faces.brief import show_brief

        show_brief(Screen(), answer, more=more)
        return
    from nephroline.faces.text import show_consultation

    with paged() as out:
        show_consultation(out, answer, verbose=verbose > 1)


def show_json(data: Any) -> None:
    """Print data as indented JSON; what is an object says in which form it is."""
    import msgspec

    from nephroline.version import ANSWER_FORMAT

    plain: Any = msgspec.to_builtins(data)
    if isinstance(plain, dict):
        plain = {"format": ANSWER_FORMAT, **plain}  # pyright: ignore[reportUnknownVariableType]
    _show_indented(plain)


def show_fhir(resource: dict[str, Any]) -> None:
    """Print a FHIR resource as indented JSON."""
    _show_indented(resource)


def _show_indented(data: Any) -> None:
    import msgspec

    typer.echo(msgspec.json.format(msgspec.json.encode(data), indent=2).decode())


@contextmanager
def errors_as_fhir(asked: bool) -> Generator[None]:
    """Where FHIR is asked for, print the faults of an input as an OperationOutcome too."""
    from nephroline.errors import InputError

    try:
        yield
    except InputError as bad:
        if asked:
            from nephroline.interop.fhir import outcome_of

            show_fhir(outcome_of(bad.problems))
        raise


def show_table(rows: list[tuple[str, ...]], widths: tuple[int, ...]) -> None:
    """Print rows in columns; the last column takes what is left of the screen."""
    from nephroline.faces.screen import Screen
    from nephroline.faces.text import table

    table(Screen(), rows, widths)


def count(number: int, noun: str) -> str:
    """A number with its noun, such as "2 files"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
