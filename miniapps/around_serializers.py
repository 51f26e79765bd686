"""What the API of categories, privacy agreements and short links takes and gives."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ferry.kernel.api.serializers import AtMost, StrictSerializer
from ferry.kernel.ids import LENGTH
from miniapps import selectors
from miniapps.deeplinks import LONGEST_PATH, LONGEST_QUERY
from miniapps.languages import LANGUAGES
from miniapps.models import Category, PrivacyAgreement, ShortLink
from miniapps.qr import qr_svg
from miniapps.serializers import host_app_field
from miniapps.services.categories import MOST

_BY_LANGUAGE = f"By language ({', '.join(LANGUAGES)})."


class Texts(serializers.JSONField):
    """An object of texts by language."""

    def __init__(self, **options: Any) -> None:
        super().__init__(validators=[AtMost(16 * 1024, depth=2)], **options)

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
            raise serializers.ValidationError('An object of texts by language, like {"en": "Travel"}.')
        return value


class CategorySerializer(serializers.Serializer[Category]):
    id = serializers.CharField(source="key")
    names = serializers.DictField(child=serializers.CharField(), help_text=_BY_LANGUAGE)


class CategoriesSerializer(serializers.Serializer[Any]):
    items = CategorySerializer(many=True)


class CategoryInput(StrictSerializer):
    id = serializers.CharField(max_length=64, help_text="What mini-programs name as their category.")
    names = Texts(help_text=_BY_LANGUAGE)


class CategoriesInput(StrictSerializer):
    items = serializers.ListField(child=CategoryInput(), max_length=MOST)


class AgreementSerializer(serializers.Serializer[PrivacyAgreement]):
    version = serializers.IntegerField()
    text = serializers.DictField(child=serializers.CharField(), help_text=_BY_LANGUAGE)
    url = serializers.DictField(child=serializers.CharField(), help_text=_BY_LANGUAGE)
    accepted = serializers.SerializerMethodField(help_text="Devices, over all host apps, as far as the loader is.")
    created_by = serializers.CharField(source="created_by_name")
    created_at = serializers.DateTimeField()

    def get_accepted(self, agreement: PrivacyAgreement) -> int:
        return selectors.accepted(agreement)


class AgreementInput(StrictSerializer):
    text = Texts(required=False, default=dict, help_text=f"{_BY_LANGUAGE} At most 2,000 characters each.")
    url = Texts(required=False, default=dict, help_text=f"{_BY_LANGUAGE} https addresses.")


class LinkSerializer(serializers.Serializer[ShortLink]):
    id = serializers.CharField()
    host_app = serializers.CharField(source="host_app_id")
    program = serializers.CharField(source="program.program_id")
    name = serializers.CharField()
    code = serializers.CharField()
    url = serializers.SerializerMethodField(help_text="The short address.")
    target = serializers.SerializerMethodField(help_text="The deep link that it leads to.")
    path = serializers.CharField()
    query = serializers.CharField()
    state = serializers.SerializerMethodField(help_text="open, expired or ended")
    opens = serializers.IntegerField(help_text="How often it was opened, as far as the loader is.")
    last_opened_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    created_by = serializers.CharField(source="created_by_name")
    created_at = serializers.DateTimeField()

    def get_url(self, link: ShortLink) -> str:
        return selectors.link_url(link)

    def get_target(self, link: ShortLink) -> str:
        return selectors.link_target(link)

    def get_state(self, link: ShortLink) -> str:
        return selectors.link_state(link)


class LinkDetailSerializer(LinkSerializer):
    """A link with its picture."""

    qr_svg = serializers.SerializerMethodField(help_text="The QR code of the short address, as an SVG element.")

    def get_qr_svg(self, link: ShortLink) -> str:
        return qr_svg(selectors.link_url(link))


class LinkInput(StrictSerializer):
    host_app = host_app_field()
    program = serializers.CharField(max_length=64)
    name = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)
    path = serializers.CharField(
        max_length=LONGEST_PATH, required=False, default="", allow_blank=True, help_text="A page inside the package."
    )
    query = serializers.CharField(
        max_length=LONGEST_QUERY, required=False, default="", allow_blank=True, trim_whitespace=False
    )
    hours = serializers.IntegerField(
        min_value=1,
        max_value=87_600,
        required=False,
        allow_null=True,
        default=None,
        help_text="Null: until ended.",
    )


class LinkQuery(StrictSerializer):
    host_app = serializers.CharField(max_length=LENGTH, required=False)
    program = serializers.CharField(max_length=64, required=False)
