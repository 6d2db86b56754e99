"""Run Nephroline from a bare checkout: ``python cli.py consult …`` is ``nephroline consult …``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "engine"))

from nephroline.faces.cli import main

if __name__ == "__main__":
    main()
