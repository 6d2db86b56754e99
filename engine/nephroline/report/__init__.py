"""A report: replayed scenarios as one HTML page that needs nothing else, and as PDF."""

from nephroline.report.page import missing_extra, page, report_style, templates_of
from nephroline.report.paper import write_pdf

__all__ = ["missing_extra", "page", "report_style", "templates_of", "write_pdf"]
