"""The reviewers' inbox: everything that waits for a decision, and what was decided lately."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from console.views.base import WorkspacePage
from ferry.kernel.identity.rights import Right
from miniapps import selectors
from miniapps.models import ReviewState

STATES = (ReviewState.SUBMITTED, ReviewState.APPROVED, ReviewState.REJECTED, ReviewState.WITHDRAWN)


class Reviews(WorkspacePage):
    """Reviews of the whole workspace, those that wait first."""

    section = "reviews"
    template = "console/reviews.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list of one state; oldest first while they wait, newest first afterwards."""
        wanted = request.GET.get("state", "")
        state = wanted if wanted in STATES else ReviewState.SUBMITTED
        rows = selectors.reviews(self.workspace, state=state)
        if state == ReviewState.SUBMITTED:
            rows = rows.order_by("id")
        page = self.paged(rows)
        lines = [
            {
                "review": review,
                "own": self.actor.person_id in (review.version.uploaded_by, review.submitted_by),
            }
            for review in page
        ]
        may = self.actor.may(Right.REVIEW)
        return self.page({"page": page, "lines": lines, "state": state, "states": STATES, "may": may})
