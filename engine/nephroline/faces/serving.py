"""The commands of the service: serve, verify, forget."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nephroline.faces.commanding import FormatOption, RulesOption, app, count, show_json

if TYPE_CHECKING:
    from nephroline.service.settings import Settings
    from nephroline.service.store import Store

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Settings in TOML; NEPHROLINE_TABLE__FIELD in the environment goes before them.",
    ),
]
_EXTRA = "pip install 'nephroline[serve]'"


@app.command(short_help="Serve the JSON API and CDS Hooks 2.0 over HTTP.")
def serve(
    host: Annotated[
        str | None, typer.Option("--host", help="Where to listen. Default: 127.0.0.1, this machine alone.")
    ] = None,
    port: Annotated[int | None, typer.Option("--port", help="Default: 8000.")] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", help="Processes that answer; one for each processor is best.")
    ] = None,
    config: ConfigOption = None,
    rules: RulesOption = None,
) -> None:
    """Serve answers over HTTP: /api/v1 as this command line's JSON, CDS Hooks 2.0 under /cds-services.

    What is answered to CDS Hooks is kept as decision records in nephroline.sqlite3, if no other store is set.
    """
    settings = _settings(config, {"host": host, "port": port, "workers": workers, "rules": rules})
    from nephroline.service import serving

    typer.echo(f"serving at {settings.base_url} (Ctrl-C stops)", err=True)
    serving.run(settings)


@app.command(short_help="Look at all decision records again.")
def verify(config: ConfigOption = None, form: FormatOption = "text") -> None:
    """Does the chain of decision records hold, and do their rules still give the same answers?

    Each is answered again with the rules that were kept with it: same, differs (where), other-engine (another
    version answered), erased, or broken (it is not what was written). The exit code is 1 if any differs or is
    broken.
    """
    settings = _settings(config, {})
    store = _store(settings)
    from nephroline.service.verifying import Verification, verified

    bad = {Verification.DIFFERS, Verification.BROKEN}
    counts: dict[str, int] = {}
    found: list[Any] = []
    for one in verified(store):
        counts[one.shows] = counts.get(one.shows, 0) + 1
        if form == "json":
            found.append(one)
        elif one.shows in bad or one.what:
            typer.echo(f"{one.number}  {one.made_at}  {one.shows}: {'; '.join(one.what)}  ({one.id})")
    if form == "json":
        show_json({"decisions": found, "counts": counts})
    else:
        told = ", ".join(f"{number} {name}" for name, number in counts.items()) or "none"
        typer.echo(f"{count(sum(counts.values()), 'decision record')}: {told}")
    if bad & counts.keys():
        raise typer.Exit(1)


@app.command(short_help="Erase what was decided of a patient.")
def forget(
    patient: Annotated[str, typer.Argument(help="The patient's id, as it was sent.")],
    config: ConfigOption = None,
) -> None:
    """Erase records and answers of a patient; that something was decided, and the chain, stay."""
    gone = _store(_settings(config, {})).forget(patient)
    typer.echo(f"{count(gone, 'decision')} erased")


def _settings(config: Path | None, server: dict[str, object]) -> Settings:
    from nephroline.errors import UsageError

    try:
        import litestar  # noqa: F401  # pyright: ignore[reportUnusedImport]
        import sqlalchemy  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ImportError:
        raise UsageError.of("the service is not installed", _EXTRA) from None
    from nephroline.service.settings import read_settings

    return read_settings(config, os.environ, server=server)


def _store(settings: Settings) -> Store:
    from nephroline.errors import UsageError
    from nephroline.service.store import opened

    if not settings.store.url:
        raise UsageError.of("nothing is kept", "set store.url")
    return opened(settings)
