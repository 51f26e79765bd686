"""Tables of mini-programs. Private to this app: others call selectors and services."""

from miniapps.models.budgets import SizeBudget
from miniapps.models.carrying import Archive, ArchiveKind, ArchiveState, ImportedVersion, TrustedExporter
from miniapps.models.categories import Category
from miniapps.models.derived import Derived, Form
from miniapps.models.generations import Generation
from miniapps.models.grants import Capability, Grant, GrantState
from miniapps.models.invitations import Invitation
from miniapps.models.links import ShortLink
from miniapps.models.login import AppSecret, UsedLoginCode
from miniapps.models.orphans import Orphan
from miniapps.models.parts import Part, PluginUse
from miniapps.models.privacy import PrivacyAcceptance, PrivacyAgreement
from miniapps.models.programs import Listing, MiniProgram
from miniapps.models.releases import Release
from miniapps.models.reviews import ReasonCode, Review, ReviewState
from miniapps.models.terms import Terms
from miniapps.models.uploads import ResumableUpload
from miniapps.models.versions import PreviewHost, Version

__all__ = [
    "AppSecret",
    "Archive",
    "ArchiveKind",
    "ArchiveState",
    "Capability",
    "Category",
    "Derived",
    "Form",
    "Generation",
    "Grant",
    "GrantState",
    "ImportedVersion",
    "Invitation",
    "Listing",
    "MiniProgram",
    "Orphan",
    "Part",
    "PluginUse",
    "PreviewHost",
    "PrivacyAcceptance",
    "PrivacyAgreement",
    "ReasonCode",
    "Release",
    "ResumableUpload",
    "Review",
    "ReviewState",
    "ShortLink",
    "SizeBudget",
    "Terms",
    "TrustedExporter",
    "UsedLoginCode",
    "Version",
]
