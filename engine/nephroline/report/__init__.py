"""A report: replayed scenarios as one HTML page that needs nothing else, and as PDF."""

from nephroline.report.page import page
from nephroline.report.paper import write_pdf

__all__ = ["page", "write_pdf"]
