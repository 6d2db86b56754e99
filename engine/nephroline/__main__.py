"""``python -m nephroline``."""

from nephroline.faces.cli import main

main()
