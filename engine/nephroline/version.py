"""The version of the program; the build reads it from here."""

__version__ = "0.1.0"

ANSWER_FORMAT = 1
"""The form of the JSON that is written. A changed or dropped key raises it; the CHANGELOG says which."""
RECORD_FORMAT = 1
"""The form of records and scenarios. Older ones are read as they always were."""
