"""The faces: the only rooms that know typer."""
