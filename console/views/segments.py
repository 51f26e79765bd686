"""Segments: saved sets of users, made of rules or of a list, who uses them, and how many devices belong."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from analytics.segments import selectors, services, uses
from analytics.segments.models import Segment, SegmentKind
from console import words
from console.forms.conditions import PROPERTIES, editable
from console.forms.segments import NewSegmentForm, SegmentChangeForm
from console.views.base import WorkspacePage
from ferry.kernel.errors import FerryError
from ferry.kernel.identity.rights import Right


class Segments(WorkspacePage):
    """All of them, by name."""

    section = "segments"
    template = "console/segments.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list."""
        page = self.paged(selectors.segments(self.workspace).order_by("name", "id"))
        return self.page({"page": page, "names": {app.pk: app.name for app in self.apps}})


class NewSegment(WorkspacePage):
    """Make a segment."""

    section = "segments"
    right = Right.MANAGE_SEGMENTS
    template = "console/segment_new.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self.shown(NewSegmentForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make it and show it."""
        form = NewSegmentForm(request.POST, request.FILES)
        if form.is_valid():
            try:
                made = services.create_segment(actor=self.actor, **form.segment())
            except FerryError as error:
                form.add_error(None, error.text())
            else:
                self.said(_("The segment is made. Releases and campaigns can name it now."))
                return self.go("segment", made.pk)
        return self.shown(form, status=400)

    def shown(self, form: NewSegmentForm, status: int = 200) -> HttpResponse:
        """The page."""
        return self.page({"form": form, **editor()}, status=status)


class OneSegment(WorkspacePage):
    """One segment: who belongs, what uses it, how many devices it reaches."""

    section = "segments"
    template = "console/segment.html"

    def get(self, request: HttpRequest, segment_id: str) -> HttpResponse:
        """The page."""
        segment = selectors.segment(self.workspace, segment_id)
        return self.shown(segment, SegmentChangeForm(segment=segment))

    def shown(self, segment: Segment, form: SegmentChangeForm, status: int = 200) -> HttpResponse:
        """The page, with the form as it was sent where something is wrong with it."""
        context = {
            "segment": segment,
            "form": form,
            "rules": by_rules(segment),
            "predicted": next((app for app in self.apps if app.pk == segment.predicted_app), None),
            "used_by": uses.uses_of(self.workspace, segment.pk),
            "apps": self.apps,
            **editor(),
        }
        return self.page(context, status=status)


class ChangeSegment(OneSegment):
    """Change a segment; what uses it follows within seconds."""

    right = Right.MANAGE_SEGMENTS
    http_method_names = ["post"]

    def post(self, request: HttpRequest, segment_id: str) -> HttpResponse:
        """Save, unless somebody else has changed it since the form was filled."""
        segment = selectors.segment(self.workspace, segment_id)
        form = SegmentChangeForm(request.POST, request.FILES, segment=segment)
        if form.is_valid():
            try:
                change = form.change(rules=by_rules(segment))
                services.update_segment(actor=self.actor, segment=segment, **change)
            except FerryError as error:
                form.add_error(None, error.text())
            else:
                self.said(_("Saved. What uses the segment follows within two seconds."))
                return self.go("segment", segment_id)
        return self.shown(segment, form, status=400)


class DeleteSegment(WorkspacePage):
    """Delete a segment that nothing uses."""

    right = Right.MANAGE_SEGMENTS
    http_method_names = ["post"]

    def post(self, request: HttpRequest, segment_id: str) -> HttpResponse:
        """Delete it, or return to it and say what uses it."""
        segment = selectors.segment(self.workspace, segment_id)
        with self.refusals():
            services.delete_segment(actor=self.actor, segment=segment)
            self.said(_("The segment “{name}” is deleted.").format(name=segment.name))
            return self.go("segments")
        return self.go("segment", segment_id)


class SegmentReach(WorkspacePage):
    """How many of the devices seen last belong."""

    right = Right.VIEW_DEVICES

    def get(self, request: HttpRequest, segment_id: str) -> HttpResponse:
        """The figure as a part of the segment's page."""
        segment = selectors.segment(self.workspace, segment_id)
        found = selectors.reach(self.workspace, segment, request.GET.get("host_app", ""))
        share = found.matched * 10_000 / found.devices if found.devices else 0
        return self.part("console/parts/segment_reach.html", {"reach": found, "share": share})


def by_rules(segment: Segment) -> bool:
    """Whether the segment is made of rules that the editor can show."""
    return segment.kind == SegmentKind.RULES and editable(segment.constraints)


def editor() -> dict[str, object]:
    """What the condition editor offers."""
    return {"operators": words.choices("operator"), "properties": PROPERTIES}
