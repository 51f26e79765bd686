"""What a check finds in a package: a code, the place, and the values of its sentence.

The sentences, and what to do about each, are in miniapps.wording: this module stays free of languages.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Code(StrEnum):
    """Every finding there is. docs/publish.md lists them; a test keeps the list complete."""

    # the archive as a whole
    NOT_A_ZIP = "not_a_zip"
    TRUNCATED = "truncated"
    LEADING_DATA = "leading_data"
    TRAILING_DATA = "trailing_data"
    AMBIGUOUS_END = "ambiguous_end"
    ZIP64 = "zip64"
    SPLIT = "split"
    TOO_MANY_ENTRIES = "too_many_entries"
    TOO_LARGE = "too_large"
    EMPTY = "empty"
    DIRECTORY_DAMAGED = "directory_damaged"
    OVERLAP = "overlap"
    HIDDEN_DATA = "hidden_data"
    # one entry
    ENCRYPTED = "encrypted"
    METHOD_UNKNOWN = "method_unknown"
    SPECIAL_FILE = "special_file"
    LOCAL_MISMATCH = "local_mismatch"
    BAD_CRC = "bad_crc"
    BAD_SIZE = "bad_size"
    BAD_DATA = "bad_data"
    RATIO = "ratio"
    # its name
    NAME_NOT_UTF8 = "name_not_utf8"
    NAME_EMPTY = "name_empty"
    NAME_NUL = "name_nul"
    NAME_CONTROL = "name_control"
    NAME_BACKSLASH = "name_backslash"
    NAME_ABSOLUTE = "name_absolute"
    NAME_DRIVE = "name_drive"
    NAME_TRAVERSAL = "name_traversal"
    NAME_FORBIDDEN = "name_forbidden"
    NAME_RESERVED = "name_reserved"
    NAME_TRAILING = "name_trailing"
    NAME_TOO_LONG = "name_too_long"
    NAME_TOO_DEEP = "name_too_deep"
    DUPLICATE = "duplicate"
    DUPLICATE_CASE = "duplicate_case"
    DUPLICATE_UNICODE = "duplicate_unicode"
    FILE_AND_FOLDER = "file_and_folder"
    # what it holds
    NO_ENTRY = "no_entry"
    ENTRY_MISSING = "entry_missing"
    MANIFEST_NOT_JSON = "manifest_not_json"
    MANIFEST_TOO_LARGE = "manifest_too_large"
    MEMBER_INVALID = "member_invalid"
    PAGE_MISSING = "page_missing"
    PAGE_UNKNOWN = "page_unknown"
    PAGE_IN_SUBPACKAGE = "page_in_subpackage"
    TAB_IN_SUBPACKAGE = "tab_in_subpackage"
    FILE_MISSING = "file_missing"
    SUBPACKAGE_TWICE = "subpackage_twice"
    SUBPACKAGE_EMPTY = "subpackage_empty"
    SUBPACKAGE_OVERLAP = "subpackage_overlap"
    PLUGIN_RANGE = "plugin_range"
    SUBPACKAGE_UNKNOWN = "subpackage_unknown"
    OVER_BUDGET = "over_budget"
    DOMAIN_REFUSED = "domain_refused"
    DOMAINS_TOO_MANY = "domains_too_many"
    # worth knowing, no reason to refuse
    FOLDER_STRIPPED = "folder_stripped"
    NAME_NORMALISED = "name_normalised"
    MEMBER_IGNORED = "member_ignored"
    SOURCE_ONLY = "source_only"
    PROFILE_W3C_SUITE = "profile_w3c_suite"
    NESTED_ARCHIVE = "nested_archive"
    TEXTS_MISSING = "texts_missing"
    ICON_UNUSABLE = "icon_unusable"
    FILE_IGNORED = "file_ignored"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `path` is empty when it is about the whole package; `values` fill the sentence."""

    code: Code
    path: str = ""
    values: dict[str, Any] = field(default_factory=dict)


class Refused(Exception):
    """The package cannot be taken. Carries the one finding that decided it: an archive that lies is not read on."""

    def __init__(self, code: Code, path: str = "", **values: Any) -> None:
        self.finding = Finding(code, path, values)
        super().__init__(f"{code.value} {path}".strip())


@dataclass(slots=True)
class Report:
    """What was found: errors refuse the package, warnings do not, ignored says what was left out."""

    errors: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    ignored: list[Finding] = field(default_factory=list)
