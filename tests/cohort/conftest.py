from __future__ import annotations

import pytest
from cohorts import Doors, many_charts, write_doors


@pytest.fixture(scope="session")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Doors:
    return write_doors(tmp_path_factory.mktemp("cohort"), list(many_charts(36, 900)))
