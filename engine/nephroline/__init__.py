"""Nephroline: treatment-pathway decision support for nephrotic syndrome, from rules in YAML."""
