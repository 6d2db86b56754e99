"""A page on paper: printed to PDF by a headless browser."""

from __future__ import annotations

import shutil
from pathlib import Path

from nephroline.errors import UsageError
from nephroline.report.page import missing_extra

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]


def write_pdf(html: str, target: Path) -> None:
    """Print a page to A4. Raises: UsageError when the extra `pdf` or a browser is missing."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise missing_extra("pdf") from None
    with sync_playwright() as driver:
        try:
            browser = driver.chromium.launch(executable_path=_browser(), args=_QUIET)
        except Error:
            raise UsageError.of(
                "no browser was found to print with",
                "install Chromium (Debian: apt install chromium; elsewhere: playwright install chromium)",
            ) from None
        try:
            sheet = browser.new_page(offline=True)
            sheet.set_content(html)
            sheet.evaluate("unfold()")
            paper = sheet.pdf(format="A4", print_background=True, prefer_css_page_size=True)
        finally:
            browser.close()
    try:
        target.write_bytes(paper)
    except OSError as problem:
        raise UsageError.of(
            f"{target} cannot be written: {problem.strerror}", "choose another file"
        ) from None


def _browser() -> str | None:
    """The system's browser; None leaves it to the driver's own."""
    return next((found for name in _BROWSERS if (found := shutil.which(name))), None)
