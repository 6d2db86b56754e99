"""The walk with curl that the README shows, line by line against a real server."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from callers import served


def test_the_walk_of_the_readme(root: Path, tmp_path: Path) -> None:
    text = (root / "README.md").read_text(encoding="utf-8").partition("### CDS Hooks")[2]
    (block,) = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)[:1]
    first, *lines = block.strip().splitlines()
    assert first == "nephroline serve &"
    with served(tmp_path) as (base, _):
        answers = []
        for line in lines:
            assert line.startswith("curl ")
            command = line.replace("localhost:8000", base.removeprefix("http://"))
            done = subprocess.run(
                ["sh", "-c", command], capture_output=True, text=True, check=True, cwd=root, timeout=60
            )
            answers.append(json.loads(done.stdout))
    discovery, view, select, sign, order = answers
    assert len(discovery["services"]) == 3
    (line_card,) = [card for card in view["cards"] if "suggestions" in card]
    assert line_card["source"]["label"].startswith("KDIGO 2021")
    assert [card["summary"].split(":")[0] for card in select["cards"]] == ["ibuprofen 400 mg tid"]
    assert len(sign["cards"]) == 2
    assert order["verdict"] == "no"


def test_the_settings_shown_can_be_read(root: Path, tmp_path: Path) -> None:
    from nephroline.service.settings import read_settings

    text = (root / "docs/service.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    file = tmp_path / "nephroline.toml"
    file.write_text(block, encoding="utf-8")
    found = read_settings(
        file, {"NEPHROLINE_SERVER__PORT": "8080", "NEPHROLINE_SERVER__ALLOWED_ORIGINS": '["x"]'}
    )
    assert found.server.port == 8080
    assert found.server.allowed_origins == ["x"]
    assert found.cds.clients[0].issuer == "https://ehr.example"
