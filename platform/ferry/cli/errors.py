"""How a command ends. The exit code tells a pipeline at which stage it stopped; the text tells a person what to do."""

from __future__ import annotations

from typing import Any, ClassVar

ACCEPTED = 0
REFUSED = 1  # what was to be sent: a package, or a file carried from another installation
USAGE = 2  # the command line is wrong, or names what is not there
NOT_ALLOWED = 3  # not signed in, or without the right
NOT_REACHED = 4  # the platform does not answer, or fails
RULE = 5  # a rule of review, release or trust: the state of things does not allow it

CONTENT_CODES = {"package_refused", "export_refused", "host_range_missing", "host_range_invalid"}  # end with REFUSED


class CliError(Exception):
    """An end that is not success: its exit code, a sentence, and the platform's error body where there is one."""

    exit_code: ClassVar[int] = RULE

    def __init__(self, text: str, body: dict[str, Any] | None = None) -> None:
        super().__init__(text)
        self.body = body

    @property
    def code(self) -> str:
        """The platform's code for it; empty where the platform did not say."""
        return str(((self.body or {}).get("error") or {}).get("code", ""))


class RuleRefused(CliError):
    """The platform said no: the state of things does not allow it."""


class Refused(CliError):
    """What was sent is refused for what it is."""

    exit_code = REFUSED


class Usage(CliError):
    """The command line cannot be carried out as it was written."""

    exit_code = USAGE


class NotAllowed(CliError):
    """The token is not valid or lacks the right."""

    exit_code = NOT_ALLOWED


class NotSignedIn(NotAllowed):
    """There is no token to use."""

    def __init__(self) -> None:
        super().__init__(
            "Not signed in. Run “ferry login --site URL”, set FERRY_SITE_URL and FERRY_TOKEN, or give --pkp and --site."
        )


class NotReached(CliError):
    """No answer, or an answer that is the platform's own failure. Trying again later may help."""

    exit_code = NOT_REACHED
