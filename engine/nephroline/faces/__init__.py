"""The faces: the only rooms that know typer and rich."""
