"""What every page of a workspace shares: who is asking, whose rows, how a refusal looks.

A stranger gets the same 404 as for a workspace that does not exist. A member without the page's right gets a 403 that
names it. Pages read through selectors and change through services; what those refuse is shown in their own words.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import EmptyPage, Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View

from console import navigation, words
from ferry.kernel.api.addresses import client_address
from ferry.kernel.errors import FerryError, Invalid, NotAllowed, NotFound
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.models import Account, HostApp, Workspace
from ferry.kernel.identity.rights import Right
from ferry.kernel.words import TURNED, turns

PAGE_SIZE = 50


class SignedInPage(View):
    """A page for anybody who is signed in with a password that is theirs alone.

    A handed-out password is known to two people: until it is changed, what the account does could be either's.
    """

    open_with_handed_password: ClassVar[bool] = False

    account: Account

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Send visitors to the sign-in page and bring them back afterwards."""
        if not isinstance(request.user, Account):
            return to_sign_in(request)
        self.account = request.user
        if self.account.must_change_password and not self.open_with_handed_password:
            return HttpResponseRedirect(reverse("console:account"))
        return super().dispatch(request, *args, **kwargs)


class WorkspacePage(SignedInPage):
    """A page inside one workspace. Subclasses say which right opens it and which navigation entry it belongs to."""

    right: ClassVar[Right] = Right.VIEW
    section: ClassVar[str] = ""
    template: ClassVar[str] = ""

    actor: Actor
    workspace: Workspace

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Find out who is asking in which workspace before any handler runs."""
        slug = kwargs.pop("slug")
        if not isinstance(request.user, Account) or request.user.must_change_password:
            return super().dispatch(request, *args, **kwargs)
        self.account = request.user
        try:
            self.actor = identity.member_actor(
                account=request.user,
                slug=slug,
                address=client_address(request),
                request_id=getattr(request, "request_id", ""),
            )
            self.workspace = self.actor.workspace
            require(self.actor, self.right)
            if any(turns(texts) for _name, texts in request.POST.lists()):
                raise Invalid(reason=str(TURNED))
            return super().dispatch(request, *args, **kwargs)
        except NotFound as error:
            raise Http404(error.text()) from error
        except FerryError as error:
            return self.refuse(error)

    def refuse(self, error: FerryError) -> HttpResponse:
        """A refusal as a page, or as a notice where htmx asked for a part of one."""
        if self.request.headers.get("HX-Request"):
            return render(self.request, "console/parts/refusal.html", {"error": error}, status=error.status)
        section = "" if isinstance(error, NotAllowed) else self.section
        page = {"error": error, **self.common(section)}
        return render(self.request, "console/refusal.html", page, status=error.status)

    def common(self, section: str) -> dict[str, Any]:
        """What the frame around every page needs."""
        return {
            "workspace": self.workspace,
            "workspaces": identity.workspaces_of(self.account),
            "actor": self.actor,
            "nav": navigation.groups(self.actor, section),
            "can": {right.name.lower(): self.actor.may(right) for right in Right},
            "words": words,
        }

    def page(self, context: dict[str, Any] | None = None, *, template: str = "", status: int = 200) -> HttpResponse:
        """The page in its frame."""
        filled = {**self.common(self.section), **(context or {})}
        return render(self.request, template or self.template, filled, status=status)

    def part(self, template: str, context: dict[str, Any]) -> HttpResponse:
        """A part of a page, for htmx."""
        rights = {right.name.lower(): self.actor.may(right) for right in Right}
        return render(self.request, template, {"workspace": self.workspace, "can": rights, **context})

    def url(self, name: str, *args: str | int) -> str:
        """The address of another page of this workspace."""
        return reverse(f"console:{name}", args=[self.workspace.slug, *args])

    def go(self, name: str, *args: str | int) -> HttpResponseRedirect:
        """Redirect to another page of this workspace."""
        return HttpResponseRedirect(self.url(name, *args))

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Show what a service refuses as a notice on the page that follows. A missing row stays a 404."""
        try:
            yield
        except NotFound:
            raise
        except FerryError as error:
            messages.error(self.request, error.text())

    def said(self, text: str) -> None:
        """Confirm what was done on the page that follows."""
        messages.success(self.request, text)

    def wrong(self, text: str) -> None:
        """Say on the page that follows why nothing was done."""
        messages.error(self.request, text)

    def paged(self, rows: Any, size: int = PAGE_SIZE) -> Page[Any]:
        """The page of rows that ?page= names; nonsense shows the first, too far the last."""
        pages = Paginator(rows, size)
        try:
            return pages.page(max(1, int(self.request.GET.get("page", "1")[:9])))
        except ValueError:
            return pages.page(1)
        except EmptyPage:
            return pages.page(pages.num_pages)

    @cached_property
    def apps(self) -> list[HostApp]:
        """The workspace's host apps: production first, then by name."""
        return sorted(identity.host_apps(self.workspace), key=lambda app: (app.environment, app.name))

    def chosen_app(self) -> HostApp | None:
        """The host app that ?app= names, else the first active one. None while the workspace has none."""
        wanted = self.request.GET.get("app", "")
        for app in self.apps:
            if app.id == wanted:
                return app
        return next((app for app in self.apps if app.active), self.apps[0] if self.apps else None)


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for a sign-in. A polling part of a page makes the whole page go there."""
    address = reverse("console:sign-in")
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401, headers={"HX-Redirect": address})
    back = request.get_full_path() if request.method == "GET" else ""
    return HttpResponseRedirect(f"{address}?{urlencode({'next': back})}" if back and back != "/" else address)


def safe_next(request: HttpRequest, wanted: str) -> str:
    """`wanted` when it is a page of this console, else the home page: no redirect leads away from here."""
    if wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        return wanted
    return reverse("console:home")
