"""Tools for authors of rules and records: schemas of formats, checks of files, lists of known names."""
