"""What the tests of the service share: an application, and a real PostgreSQL."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from callers import free_port, settings_of
from litestar import Litestar
from litestar.testing import TestClient

from nephroline.service.app import create_app


@pytest.fixture(scope="session")
def application(tmp_path_factory: pytest.TempPathFactory) -> Litestar:
    return create_app(settings_of(tmp_path_factory.mktemp("service")))


@pytest.fixture(scope="session")
def client(application: Litestar) -> Iterator[TestClient[Litestar]]:
    with TestClient(application) as one:
        yield one


@pytest.fixture(scope="session")
def keys(client: TestClient[Litestar]) -> tuple[str, ...]:
    """The prefetch keys that are asked."""
    return tuple(client.get("/cds-services").json()["services"][0]["prefetch"])


@pytest.fixture(scope="session")
def postgresql() -> Generator[str]:
    """A PostgreSQL of its own, in a temporary folder, by a user that is not root."""
    bins = sorted(Path("/usr/lib/postgresql").glob("*/bin")) if Path("/usr/lib/postgresql").is_dir() else []
    programs = bins[-1] if bins else Path(shutil.which("initdb") or "").resolve().parent
    # Not below the folder of the tests, which nobody else may enter.
    folder = Path(tempfile.mkdtemp(prefix="nephroline-postgresql-"))
    user: list[str] = []
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        user = ["runuser", "-u", "postgres", "--"]
    port, data = free_port(), folder / "data"

    def run(program: str, *arguments: str) -> None:
        done = subprocess.run(
            [*user, str(programs / program), *arguments], capture_output=True, text=True, check=False, cwd="/"
        )
        assert done.returncode == 0, done.stderr or done.stdout

    run("initdb", "--pgdata", str(data), "--auth", "trust", "--username", "nephroline", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
    run("pg_ctl", "start", "--wait", "--pgdata", str(data), "--log", str(folder / "log"), "-o", options)
    try:
        yield f"postgresql+psycopg://nephroline@127.0.0.1:{port}"
    finally:
        run("pg_ctl", "stop", "--pgdata", str(data), "--mode", "immediate")
        shutil.rmtree(folder, ignore_errors=True)
