"""A page in a browser, and everything that it said on the console or asked of the network."""

from __future__ import annotations

from playwright.sync_api import ConsoleMessage, Page, Request


class Watched:
    """A page, and everything that it said on the console or asked of the network."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.console: list[str] = []
        self.requests: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda problem: self.console.append(str(problem)))
        page.on("request", self._asked)

    def _said(self, message: ConsoleMessage) -> None:
        self.console.append(message.text)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(("file:", "data:")):
            self.requests.append(request.url)
