"""The sentences of a package's report: what was found, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from miniapps.packages.findings import Code, Finding, Report

_Text = str | Promise

_ZIP_AGAIN = _("Zip the folder again with an ordinary zip tool.")
_RENAME = _("Rename the file and zip the folder again.")
_SMALLER = _("Leave out what the mini-program does not need, or load it when it runs.")

SENTENCES: Mapping[Code, tuple[_Text, _Text]] = {
    Code.NOT_A_ZIP: (_("This is not a zip archive."), _("Upload the zip that your build makes.")),
    Code.TRUNCATED: (_("The archive ends too early."), _("Upload it again; the transfer may have broken off.")),
    Code.LEADING_DATA: (_("There is other data before the archive."), _ZIP_AGAIN),
    Code.TRAILING_DATA: (_("There is other data after the archive."), _ZIP_AGAIN),
    Code.AMBIGUOUS_END: (_("The archive has two ends, and readers differ in which they take."), _ZIP_AGAIN),
    Code.ZIP64: (_("The archive uses zip64, which devices cannot all read."), _("Zip fewer or smaller files.")),
    Code.SPLIT: (_("The archive is one part of several."), _("Zip into a single file.")),
    Code.TOO_MANY_ENTRIES: (_("There are {count} files and folders, at most {limit} are allowed."), _SMALLER),
    Code.TOO_LARGE: (_("It has {size} bytes, at most {limit} are allowed."), _SMALLER),
    Code.EMPTY: (_("There is no file in it."), _("Zip the built mini-program, with index.html at its root.")),
    Code.DIRECTORY_DAMAGED: (_("The list of files in the archive is damaged."), _ZIP_AGAIN),
    Code.OVERLAP: (_("Two files share the same bytes of the archive."), _ZIP_AGAIN),
    Code.HIDDEN_DATA: (_("There is data between the files that belongs to none of them."), _ZIP_AGAIN),
    Code.ENCRYPTED: (_("The file is encrypted."), _("Zip without a password.")),
    Code.METHOD_UNKNOWN: (_("The file is packed in a way that devices cannot all read."), _("Zip with deflate.")),
    Code.SPECIAL_FILE: (_("This is a link or a special file."), _("Put a copy of the file in its place.")),
    Code.LOCAL_MISMATCH: (_("The archive describes the file twice, and differently ({what})."), _ZIP_AGAIN),
    Code.BAD_CRC: (_("The content of the file is damaged: its checksum is wrong."), _ZIP_AGAIN),
    Code.BAD_SIZE: (_("The content of the file has not the size that the archive says."), _ZIP_AGAIN),
    Code.BAD_DATA: (_("The content of the file cannot be unpacked."), _ZIP_AGAIN),
    Code.RATIO: (_("It unpacks to {ratio} times its size, at most {limit} times is allowed."), _SMALLER),
    Code.NAME_NOT_UTF8: (_("The name is not written in UTF-8."), _("Zip with UTF-8 names, or use plain letters.")),
    Code.NAME_EMPTY: (_("The name is empty."), _ZIP_AGAIN),
    Code.NAME_NUL: (_("The name holds a NUL character."), _RENAME),
    Code.NAME_CONTROL: (_("The name holds a control character."), _RENAME),
    Code.NAME_BACKSLASH: (_("The name holds a backslash."), _("Zip with a tool that separates folders with “/”.")),
    Code.NAME_ABSOLUTE: (_("The name begins at the root of a file system."), _("Zip with relative names.")),
    Code.NAME_DRIVE: (_("The name begins with a drive."), _("Zip with relative names.")),
    Code.NAME_TRAVERSAL: (_("The name leads out of the package, or has an empty part."), _("Zip with plain names.")),
    Code.NAME_FORBIDDEN: (_("The name holds a character that not every system allows."), _RENAME),
    Code.NAME_RESERVED: (_("The name is one that Windows keeps for a device."), _RENAME),
    Code.NAME_TRAILING: (_("A part of the name ends with a dot or a space."), _RENAME),
    Code.NAME_TOO_LONG: (_("The name, or a part of it, is longer than {limit} bytes."), _RENAME),
    Code.NAME_TOO_DEEP: (_("The file lies deeper than {limit} folders."), _("Use fewer nested folders.")),
    Code.DUPLICATE: (_("The name appears twice."), _ZIP_AGAIN),
    Code.DUPLICATE_CASE: (_("The name differs from {other} only in upper and lower case."), _RENAME),
    Code.DUPLICATE_UNICODE: (_("The name differs from {other} only in how its accents are encoded."), _RENAME),
    Code.FILE_AND_FOLDER: (_("The name is used for a file and for a folder."), _RENAME),
    Code.NO_ENTRY: (
        _("No kind of mini-program is recognised, neither at the root nor in a single folder around everything."),
        _("Zip the content of your build's output folder; docs/publish.md shows what each kind holds."),
    ),
    Code.ENTRY_MISSING: (_("The entry “{entry}” is not in the package."), _("Correct “entry”, or add the file.")),
    Code.MANIFEST_NOT_JSON: (
        _("This is not a JSON object in UTF-8: {reason}."),
        _("Correct the file, or leave it out."),
    ),
    Code.MANIFEST_TOO_LARGE: (_("The manifest has more than {limit} bytes."), _("Shorten it.")),
    Code.MEMBER_INVALID: (_("The member “{member}” has a wrong form."), _("docs/publish.md shows every member.")),
    Code.PAGE_MISSING: (
        _("The page “{page}” is not complete: there is no {file}."),
        _("Correct the list of pages, or add the file."),
    ),
    Code.PAGE_UNKNOWN: (_("The page “{page}” is not among the pages."), _("Add it to the pages, or correct its name.")),
    Code.PAGE_IN_SUBPACKAGE: (
        _("The page “{page}” of the main package lies in the folder of the sub-package “{name}”."),
        _("List it with the pages of the sub-package, or move it."),
    ),
    Code.TAB_IN_SUBPACKAGE: (
        _("The page “{page}” of the tab bar is in a sub-package."),
        _("Move it to the main package: tabs have to open without a download."),
    ),
    Code.FILE_MISSING: (_("There is no {file}."), _("Build the mini-program again, and zip all of its output.")),
    Code.SUBPACKAGE_TWICE: (_("Two sub-packages are named “{name}”."), _("Give each a name of its own.")),
    Code.SUBPACKAGE_EMPTY: (
        _("The sub-package “{name}” holds no file: there is no folder “{root}”."),
        _("Correct its root, or leave the sub-package out."),
    ),
    Code.SUBPACKAGE_OVERLAP: (
        _("The sub-package “{name}” lies inside the sub-package “{other}”."),
        _("Give each sub-package a folder of its own."),
    ),
    Code.SUBPACKAGE_UNKNOWN: (_("There is no sub-package “{name}”."), _("Correct the name in the preload rules.")),
    Code.PLUGIN_RANGE: (
        _("“{range}” is no range of versions for the plugin “{alias}”."),
        _("Write a range as npm does, for example ^1.2.0."),
    ),
    Code.OVER_BUDGET: (
        _("{name} has {size} bytes, at most {limit} are allowed in this workspace."),
        _("Move pages or pictures to a sub-package, or ask an administrator for a larger budget."),
    ),
    Code.SOURCE_ONLY: (
        _("This is a source tree ({kind}): it is kept and checked, but no device can run it."),
        _("Compile it (for example with Dimina's compiler) and upload the result to release it."),
    ),
    Code.PROFILE_W3C_SUITE: (
        _("This is a package of the W3C test suite (profile w3c-suite): a missing page is a warning, not an error."),
        _("Leave test.jsonld out of a package of your own."),
    ),
    Code.NESTED_ARCHIVE: (
        _("The file is an archive of its own. It is delivered as it is; what is in it was not checked."),
        _("Put its files into the package, unless the mini-program reads it as it is."),
    ),
    Code.TEXTS_MISSING: (
        _("There is no i18n folder, which the W3C draft on packaging asks for."),
        _("Add i18n/ with a JSON file for each language, if the mini-program speaks several."),
    ),
    Code.DOMAIN_REFUSED: (
        _("“{domain}” is no public host name that is reached over https."),
        _("Write a name like api.example.com or *.example.com, without port and path."),
    ),
    Code.DOMAINS_TOO_MANY: (
        _("There are more than {limit} domains for “{use}”."),
        _("Leave some out, or use one name with a star for all names below it."),
    ),
    Code.FOLDER_STRIPPED: (_("Everything lay in this folder, which was left out."), _("Nothing needs to be done.")),
    Code.NAME_NORMALISED: (
        _("The name was put into the form in which browsers ask for it (NFC)."),
        _("Nothing needs to be done."),
    ),
    Code.MEMBER_IGNORED: (_("The member “{member}” is not used."), _("docs/publish.md shows every member.")),
    Code.ICON_UNUSABLE: (_("No icon can be made of this picture."), _("Use a square PNG of 512 by 512 pixels.")),
    Code.FILE_IGNORED: (
        _("The file was left out: an operating system or version control put it there."),
        _("Nothing needs to be done."),
    ),
}


def describe(finding: Finding) -> dict[str, Any]:
    """One finding as a report shows it, in the active language."""
    message, fix = SENTENCES[finding.code]
    return {
        "code": finding.code.value,
        "path": finding.path,
        "message": str(message).format(**finding.values),
        "fix": str(fix),
        "values": finding.values,
    }


def describe_report(report: Report) -> dict[str, list[dict[str, Any]]]:
    """The whole report as JSON, for an answer."""
    return {
        "errors": _all(report.errors),
        "warnings": _all(report.warnings),
        "ignored": _all(report.ignored),
    }


def stored(report: Report) -> dict[str, list[list[Any]]]:
    """The report as a version keeps it: without sentences, which depend on who reads it."""
    return {
        name: [[finding.code.value, finding.path, finding.values] for finding in findings]
        for name, findings in (("errors", report.errors), ("warnings", report.warnings), ("ignored", report.ignored))
    }


def restore(kept: Mapping[str, Sequence[Sequence[Any]]]) -> Report:
    """The report that `stored` wrote. A code of another release is left out."""
    known = set(Code)

    def findings(name: str) -> list[Finding]:
        return [Finding(Code(code), path, values) for code, path, values in kept.get(name, ()) if code in known]

    return Report(findings("errors"), findings("warnings"), findings("ignored"))


def _all(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    return [describe(finding) for finding in findings]
