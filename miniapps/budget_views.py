"""The API's door to the size budgets of a workspace."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ferry.kernel.api.views import WorkspaceView
from ferry.kernel.identity.rights import Right
from miniapps import selectors, services
from miniapps import serializers as forms
from miniapps.packages.sizes import Budgets


class SizeBudgetsView(WorkspaceView):
    """What mini-programs of the workspace may weigh."""

    rights = {"get": Right.VIEW, "put": Right.MANAGE_APPS}

    @extend_schema(summary="Show the size budgets", responses=forms.SizeBudgetsSerializer)
    def get(self, request: Request) -> Response:
        return Response(forms.SizeBudgetsSerializer(selectors.size_budgets(self.workspace)).data)

    @extend_schema(
        summary="Set the size budgets", request=forms.SizeBudgetsInput, responses=forms.SizeBudgetsSerializer
    )
    def put(self, request: Request) -> Response:
        budgets = Budgets(**self.parse(forms.SizeBudgetsInput))
        return Response(forms.SizeBudgetsSerializer(services.set_size_budgets(actor=self.actor, budgets=budgets)).data)
