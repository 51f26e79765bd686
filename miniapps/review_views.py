"""The management API of reviews: doors only."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ferry.kernel.api.acts import ActView
from ferry.kernel.api.schema import page_schema
from ferry.kernel.api.serializers import StrictSerializer
from ferry.kernel.api.views import WorkspaceView
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.rights import Right
from miniapps import review_serializers as forms
from miniapps import selectors, services
from miniapps.narrowing import named_rows
from miniapps.serializers import OnHostAppInput


class ReviewsView(WorkspaceView):
    """What waits for review, and what was decided."""

    rights = {"get": Right.VIEW}

    @extend_schema(
        summary="List reviews", parameters=[forms.ReviewQuery], responses=page_schema(forms.ReviewSerializer)
    )
    def get(self, request: Request) -> Response:
        query = self.query(forms.ReviewQuery)
        rows = selectors.reviews(self.workspace, state=query["state"], **named_rows(self.workspace, query))
        return self.page(rows, forms.ReviewSerializer)


class ReviewActView(ActView):
    """One act on the review of a version for a host app."""

    form: ClassVar[type[StrictSerializer]] = forms.SubmissionInput
    answer = forms.ReviewSerializer

    def on(self, thing_id: str, values: dict[str, Any]) -> dict[str, Any]:
        version = selectors.version(self.workspace, thing_id)
        return {"version": version, "host_app": identity.host_app(self.workspace, values.pop("host_app"))}


class SubmitView(ReviewActView, right=Right.SUBMIT, summary="Submit a version for review"):
    act = services.submit_version


class PromoteView(ReviewActView, right=Right.SUBMIT, summary="Submit to production what is approved in test"):
    act = services.promote_version


class WithdrawSubmissionView(ReviewActView, right=Right.SUBMIT, summary="Take a submission back"):
    form = OnHostAppInput
    act = services.withdraw_submission


class ApproveView(ReviewActView, right=Right.REVIEW, summary="Approve a version"):
    form = forms.VerdictInput
    act = services.approve_version


class RejectView(ReviewActView, right=Right.REVIEW, summary="Reject a version"):
    form = forms.RejectionInput
    act = services.reject_version
