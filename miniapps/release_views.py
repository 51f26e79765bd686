"""The management API of releases and of what they reach: doors only."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.values import DeviceContext
from ferry.kernel.api.acts import ActView
from ferry.kernel.api.schema import page_schema
from ferry.kernel.api.serializers import StrictSerializer
from ferry.kernel.api.views import WorkspaceView, created
from ferry.kernel.errors import Invalid
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.rights import Right
from miniapps import release_serializers as forms
from miniapps import selectors, services
from miniapps.narrowing import named_rows
from miniapps.serializers import ListingInput, ListingSerializer, OnHostAppInput, WithdrawInput


class ReleasesView(WorkspaceView):
    """Releases of the workspace."""

    rights = {"get": Right.VIEW, "post": Right.RELEASE}

    @extend_schema(
        summary="List releases", parameters=[forms.ReleaseQuery], responses=page_schema(forms.ReleaseSerializer)
    )
    def get(self, request: Request) -> Response:
        query = self.query(forms.ReleaseQuery)
        rows = selectors.releases(self.workspace, state=query["state"], **named_rows(self.workspace, query))
        return self.page(rows, forms.ReleaseSerializer)

    @extend_schema(summary="Start a release", request=forms.ReleaseInput, responses={201: forms.ReleaseSerializer})
    def post(self, request: Request) -> Response:
        values = self.parse(forms.ReleaseInput)
        release = services.start_release(
            actor=self.actor,
            version=selectors.version(self.workspace, values["version"]),
            host_app=identity.host_app(self.workspace, values["host_app"]),
            plan=forms.plan_of(values),
        )
        return created(forms.ReleaseSerializer(release).data, location=f"/api/v1/releases/{release.pk}")


class ReleaseView(WorkspaceView):
    """One release."""

    rights = {"get": Right.VIEW}

    @extend_schema(summary="Show a release", responses=forms.ReleaseSerializer)
    def get(self, request: Request, release_id: str) -> Response:
        return Response(forms.ReleaseSerializer(selectors.release(self.workspace, release_id)).data)


class ExposedDevicesView(WorkspaceView):
    """The devices of a release."""

    rights = {"get": Right.VIEW_DEVICES}

    @extend_schema(summary="List the devices that a release was shown to", responses=forms.ExposedDevicesSerializer)
    def get(self, request: Request, release_id: str) -> Response:
        found = services.list_exposed(actor=self.actor, release=selectors.release(self.workspace, release_id))
        return Response(forms.ExposedDevicesSerializer(found).data)


class ReleaseActView(ActView):
    """One act on a release."""

    form: ClassVar[type[StrictSerializer]] = forms.ReasonInput
    answer = forms.ReleaseSerializer

    def on(self, thing_id: str, values: dict[str, Any]) -> dict[str, Any]:
        return {"release": selectors.release(self.workspace, thing_id)}


class ShareView(ReleaseActView, right=Right.RELEASE, summary="Raise or lower the share of a gray release"):
    form = forms.ShareInput
    act = services.change_share


class PauseView(ReleaseActView, right=Right.RELEASE, summary="Hold a release: who has it keeps it, nobody new gets it"):
    act = services.pause_release


class ResumeView(ReleaseActView, right=Right.RELEASE, summary="Go on with a release"):
    act = services.resume_release


class CompleteView(
    ReleaseActView, right=Right.RELEASE, summary="Give a gray release to everybody; answers with the full release"
):
    act = services.complete_release


class RollBackView(ReleaseActView, right=Right.RELEASE, summary="Stop a release for good"):
    form = forms.RollBackInput
    act = services.roll_back_release


class RollBackToView(WorkspaceView):
    """Back to an earlier version."""

    rights = {"post": Right.RELEASE}

    @extend_schema(
        summary="Serve an earlier version and stop everything newer",
        request=forms.RollBackToInput,
        responses=forms.RolledBackSerializer,
    )
    def post(self, request: Request, program_id: str) -> Response:
        values = self.parse(forms.RollBackToInput)
        done = services.roll_back_to(
            actor=self.actor,
            program=selectors.program(self.workspace, program_id),
            host_app=identity.host_app(self.workspace, values["host_app"]),
            version=selectors.version(self.workspace, values["version"]),
            reason=values["reason"],
        )
        return Response(forms.RolledBackSerializer(done).data)


class ListingActView(ActView):
    """Withdraw or restore a mini-program on a host app."""

    answer = ListingSerializer

    def on(self, thing_id: str, values: dict[str, Any]) -> dict[str, Any]:
        program = selectors.program(self.workspace, thing_id)
        return {"program": program, "host_app": identity.host_app(self.workspace, values.pop("host_app"))}


class WithdrawView(ListingActView, right=Right.WITHDRAW, summary="Withdraw a mini-program from a host app"):
    form = WithdrawInput
    act = services.withdraw_program


class RestoreView(ListingActView, right=Right.WITHDRAW, summary="Bring a mini-program back"):
    form = OnHostAppInput
    act = services.restore_program


class ListingsView(WorkspaceView):
    """The mini-programs of a host app."""

    rights = {"get": Right.VIEW}

    @extend_schema(summary="List the mini-programs of a host app", responses=page_schema(ListingSerializer))
    def get(self, request: Request, host_app_id: str) -> Response:
        return self.page(selectors.listings(identity.host_app(self.workspace, host_app_id)), ListingSerializer)


class ListingView(WorkspaceView):
    """One mini-program on a host app."""

    rights = {"put": Right.RELEASE}

    @extend_schema(
        summary="Place a mini-program in the directory of a host app", request=ListingInput, responses=ListingSerializer
    )
    def put(self, request: Request, host_app_id: str, program_id: str) -> Response:
        listing = services.arrange_program(
            actor=self.actor,
            program=selectors.program(self.workspace, program_id),
            host_app=identity.host_app(self.workspace, host_app_id),
            **self.parse(ListingInput),
        )
        return Response(ListingSerializer(listing).data)


class PopulationView(WorkspaceView):
    """Devices on each version."""

    rights = {"get": Right.VIEW}

    @extend_schema(
        summary="Count the devices on each version",
        parameters=[OpenApiParameter("host_app", OpenApiTypes.STR, required=True)],
        responses=forms.PopulationSerializer,
    )
    def get(self, request: Request, program_id: str) -> Response:
        host_app = identity.host_app(self.workspace, self.query(OnHostAppInput)["host_app"])
        found = selectors.release_population(host_app, selectors.program(self.workspace, program_id))
        return Response(forms.PopulationSerializer(found).data)


class DryRunView(WorkspaceView):
    """What a plan would do."""

    rights = {"post": Right.RELEASE}

    @extend_schema(
        summary="Try a release plan on the devices seen last",
        request=forms.DryRunInput,
        responses=forms.DryRunSerializer,
    )
    def post(self, request: Request, host_app_id: str) -> Response:
        values = self.parse(forms.DryRunInput)
        host_app = identity.host_app(self.workspace, host_app_id)
        version = selectors.version(self.workspace, values["version"])
        run = selectors.dry_run(self.workspace, host_app, version, forms.plan_of(values))
        return Response(forms.DryRunSerializer(run).data)


class ExplainView(WorkspaceView):
    """Why one device gets what it gets."""

    rights = {"post": Right.VIEW_DEVICES}

    @extend_schema(
        summary="Explain what a device gets", request=forms.ExplainInput, responses=forms.ExplanationSerializer
    )
    def post(self, request: Request, host_app_id: str) -> Response:
        values = self.parse(forms.ExplainInput)
        host_app = identity.host_app(self.workspace, host_app_id)
        program = selectors.program(self.workspace, values["program"])
        if values["device"]:
            found = services.explain_device(
                actor=self.actor, host_app=host_app, program=program, device_id=values["device"]
            )
        else:
            trials = (values["context"] or {}).pop("trials", ())
            device = _described(values["context"], program.program_id, registered=bool(trials))
            found = selectors.explain(self.workspace, host_app, program, context=device, trials=trials)
        return Response(forms.ExplanationSerializer(found).data)


def _described(given: dict[str, Any] | None, program_id: str, *, registered: bool) -> DeviceContext:
    """`registered`: whoever shows an invitation is described as a device with a token, for only so it counts."""
    if given is None:
        raise Invalid(reason=_("give a device or a context"))
    code = given.pop("installed")
    attributes = {name: str(value) for name, value in given.pop("attributes").items()}
    return DeviceContext(
        **given,
        attributes=attributes,
        registered=registered or bool(given["device_id"]),
        installed={program_id: code} if code else {},
    )
