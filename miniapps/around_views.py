"""The management API of what surrounds a mini-program: categories, privacy agreements, short links. Doors only."""

from __future__ import annotations

from datetime import timedelta

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ferry.kernel.api.schema import page_schema
from ferry.kernel.api.views import WorkspaceView, created
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.rights import Right
from miniapps import around_serializers as forms
from miniapps import selectors, services
from miniapps.narrowing import named_rows
from miniapps.services.categories import Shelf


class CategoriesView(WorkspaceView):
    """The categories of the directory."""

    rights = {"get": Right.VIEW, "put": Right.RELEASE}

    @extend_schema(summary="List the categories in their order", responses=forms.CategoriesSerializer)
    def get(self, request: Request) -> Response:
        rows = list(selectors.categories(self.workspace))
        return Response(forms.CategoriesSerializer({"items": rows}).data)

    @extend_schema(
        summary="Replace the categories", request=forms.CategoriesInput, responses=forms.CategoriesSerializer
    )
    def put(self, request: Request) -> Response:
        items = self.parse(forms.CategoriesInput)["items"]
        shelves = [Shelf(item["id"], item["names"]) for item in items]
        rows = services.set_categories(actor=self.actor, shelves=shelves)
        return Response(forms.CategoriesSerializer({"items": rows}).data)


class AgreementsView(WorkspaceView):
    """The privacy agreement of a mini-program, in its versions."""

    rights = {"get": Right.VIEW, "post": Right.VIEW}  # the service asks for more, by whether it is listed

    @extend_schema(
        summary="List the versions of a privacy agreement, with how many devices accepted each",
        responses=page_schema(forms.AgreementSerializer),
    )
    def get(self, request: Request, program_id: str) -> Response:
        program = selectors.program(self.workspace, program_id)
        return self.page(selectors.agreements(program), forms.AgreementSerializer, key="version")

    @extend_schema(
        summary="Publish a new version of the privacy agreement",
        request=forms.AgreementInput,
        responses={201: forms.AgreementSerializer},
    )
    def post(self, request: Request, program_id: str) -> Response:
        program = selectors.program(self.workspace, program_id)
        values = self.parse(forms.AgreementInput)
        agreement = services.publish_agreement(
            actor=self.actor, program=program, text=values["text"], url=values["url"]
        )
        return created(forms.AgreementSerializer(agreement).data)


class LinksView(WorkspaceView):
    """Short links."""

    rights = {"get": Right.VIEW, "post": Right.RELEASE}

    @extend_schema(
        summary="List short links", parameters=[forms.LinkQuery], responses=page_schema(forms.LinkSerializer)
    )
    def get(self, request: Request) -> Response:
        named = named_rows(self.workspace, self.query(forms.LinkQuery))
        return self.page(selectors.links(self.workspace, **named), forms.LinkSerializer)

    @extend_schema(summary="Make a short link", request=forms.LinkInput, responses={201: forms.LinkSerializer})
    def post(self, request: Request) -> Response:
        values = self.parse(forms.LinkInput)
        hours = values.pop("hours")
        link = services.create_link(
            actor=self.actor,
            host_app=identity.host_app(self.workspace, values.pop("host_app")),
            program=selectors.program(self.workspace, values.pop("program")),
            lifetime=None if hours is None else timedelta(hours=hours),
            **values,
        )
        return created(forms.LinkSerializer(link).data, location=f"/api/v1/links/{link.pk}")


class LinkView(WorkspaceView):
    """One short link."""

    rights = {"get": Right.VIEW}

    @extend_schema(summary="Show a short link with its QR code", responses=forms.LinkDetailSerializer)
    def get(self, request: Request, link_id: str) -> Response:
        return Response(forms.LinkDetailSerializer(selectors.link(self.workspace, link_id)).data)


class EndLinkView(WorkspaceView):
    """End a short link."""

    rights = {"post": Right.RELEASE}

    @extend_schema(summary="End a short link", request=None, responses=forms.LinkSerializer)
    def post(self, request: Request, link_id: str) -> Response:
        link = services.end_link(actor=self.actor, link=selectors.link(self.workspace, link_id))
        return Response(forms.LinkSerializer(link).data)
