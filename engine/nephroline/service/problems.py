"""What goes wrong, as ``application/problem+json`` (RFC 9457); for CDS Hooks as an OperationOutcome."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException

from nephroline.errors import InferenceError, InputError, Problem
from nephroline.interop.fhir import outcome_of
from nephroline.service.gate import BusyError
from nephroline.service.tokens import TokenError
from nephroline.yamlfile import listed, mapping

PROBLEM_TYPE, FHIR_TYPE = "application/problem+json", "application/fhir+json"
_TYPES = "urn:nephroline:problem:"
_RETRY_SECONDS = 2
_FRAMES = 12
_TOLD_HEADERS = ("allow", "retry-after")


class SlowError(Exception):
    """A body that takes too long to arrive."""


class MissingDataError(Exception):
    """Data that were neither prefetched nor could be read, by their keys, with why."""

    def __init__(self, missing: Mapping[str, str]) -> None:
        self.missing = missing
        super().__init__(", ".join(missing))


def problem_of(
    status: int,
    kind: str,
    title: str,
    problems: Sequence[Problem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response[dict[str, Any]]:
    """A problem as a response. `problems` has each fault of the input, where it stands and its remedy."""
    body: dict[str, Any] = {"type": f"{_TYPES}{kind}", "title": title, "status": status}
    if problems:
        body["detail"] = str(problems[0])
        body["problems"] = [one.to_data() for one in problems]
    return Response(body, status_code=status, media_type=PROBLEM_TYPE, headers=dict(headers or {}))


def _outcome(
    status: int,
    code: str,
    text: str,
    problems: Sequence[Problem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response[dict[str, Any]]:
    issue = {"severity": "error", "code": code, "diagnostics": text}
    body = outcome_of(problems) if problems else {"resourceType": "OperationOutcome", "issue": [issue]}
    return Response(body, status_code=status, media_type=FHIR_TYPE, headers=dict(headers or {}))


def _for_hooks(request: Request[Any, Any, Any]) -> bool:
    return request.url.path.rstrip("/").partition("/cds-services")[1] != ""


def _failure(
    request: Request[Any, Any, Any],
    status: int,
    code: str,
    kind: str,
    title: str,
    headers: Mapping[str, str] | None = None,
) -> Response[dict[str, Any]]:
    """What went wrong, in the form of who asked: *code* of an OperationOutcome, *kind* of a problem."""
    if _for_hooks(request):
        return _outcome(status, code, title, headers=headers)
    return problem_of(status, kind, title, headers=headers)


def bad_input(request: Request[Any, Any, Any], bad: InputError) -> Response[dict[str, Any]]:
    """Input that its author can mend."""
    if _for_hooks(request):
        return _outcome(400, "invalid", str(bad), bad.problems)
    return problem_of(422, "input", "The question cannot be answered as it was sent", bad.problems)


def no_trust(request: Request[Any, Any, Any], bad: InferenceError) -> Response[dict[str, Any]]:
    """The inference engine broke one of its own rules: the answer is withheld."""
    _log(request, bad)
    title = "The inference engine cannot be trusted here, and the answer is withheld"
    return _failure(request, 500, "exception", "inference", title)


def too_busy(request: Request[Any, Any, Any], _: BusyError) -> Response[dict[str, Any]]:
    """More waits already than may."""
    title, headers = "Too much is asked at once: ask again", {"Retry-After": str(_RETRY_SECONDS)}
    return _failure(request, 503, "throttled", "busy", title, headers)


def no_token(_: Request[Any, Any, Any], bad: TokenError) -> Response[dict[str, Any]]:
    """A token that is missing or not accepted."""
    return _outcome(401, "login", str(bad), headers={"WWW-Authenticate": "Bearer"})


def no_data(_: Request[Any, Any, Any], bad: MissingDataError) -> Response[dict[str, Any]]:
    """What is needed was not prefetched, and cannot be read."""
    issues = [
        {
            "severity": "error",
            "code": "required",
            "diagnostics": f"{key}: {why}",
            "expression": [f"prefetch.{key}"],
        }
        for key, why in bad.missing.items()
    ]
    return Response(
        {"resourceType": "OperationOutcome", "issue": issues}, status_code=412, media_type=FHIR_TYPE
    )


def refused(request: Request[Any, Any, Any], bad: HTTPException) -> Response[dict[str, Any]]:
    """What the server itself refuses: an unknown place, a method, a body that is too large or no JSON."""
    extra = bad.extra if isinstance(bad.extra, list) else []
    parts = map(mapping, listed(extra))
    told = [Problem(str(one.get("message", "")), path=str(one.get("key", ""))) for one in parts if one]
    text = bad.detail if bad.status_code < 500 else "The service failed"
    headers = {key: value for key, value in (bad.headers or {}).items() if key.lower() in _TOLD_HEADERS}
    if _for_hooks(request):
        return _outcome(bad.status_code, "processing", text, headers=headers)
    return problem_of(bad.status_code, "request", text, told, headers)


def too_slow(request: Request[Any, Any, Any], _: SlowError) -> Response[dict[str, Any]]:
    """A body that did not arrive in time; the connection is closed."""
    title, headers = "The body took too long to arrive", {"Connection": "close"}
    return _failure(request, 408, "timeout", "request", title, headers)


def too_deep(request: Request[Any, Any, Any], _: RecursionError) -> Response[dict[str, Any]]:
    """JSON that is nested more deeply than anybody writes it."""
    return _failure(request, 400, "invalid", "request", "The body is nested too deeply")


def failed(request: Request[Any, Any, Any], bad: Exception) -> Response[dict[str, Any]]:
    """A fault of ours: it is logged, and nothing of it is told."""
    _log(request, bad)
    return _failure(request, 500, "exception", "failure", "The service failed")


def _log(request: Request[Any, Any, Any], bad: Exception) -> None:
    """Log what failed and where; never what it says, for that may be of a chart."""
    frames = traceback.extract_tb(bad.__traceback__)
    where = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames[-_FRAMES:]]
    request.app.state.log.error("failed", kind=type(bad).__name__, where=where)
