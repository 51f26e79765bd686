"""Signing in and out, the language, one's own account, and the choice of a workspace."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from console import navigation
from console.forms.identity import PasswordForm, SignInForm
from console.views.base import SignedInPage, safe_next
from ferry.kernel.api.addresses import client_address
from ferry.kernel.api.request_ids import request_id
from ferry.kernel.errors import FerryError, NotFound
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity import services, signin
from ferry.kernel.identity.models import Account

LANGUAGES = [code for code, _name in settings.LANGUAGES]


@method_decorator([never_cache, sensitive_post_parameters("password")], name="dispatch")
class SignIn(View):
    """The way in. What refuses, and how long, is decided by ferry.kernel.identity.signin."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form; whoever is signed in already goes on."""
        wanted = request.GET.get("next", "")
        if request.user.is_authenticated:
            return HttpResponseRedirect(safe_next(request, wanted))
        return render(request, "console/sign_in.html", {"form": SignInForm(), "next": wanted})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Try the password."""
        form = SignInForm(request.POST)
        wanted = request.POST.get("next", "")
        if not form.is_valid():
            return render(request, "console/sign_in.html", {"form": form, "next": wanted}, status=400)
        try:
            account = signin.sign_in(request, **form.cleaned_data)
        except FerryError as error:
            page = {"form": form, "next": wanted, "refused": error.text()}
            return render(request, "console/sign_in.html", page, status=error.status)
        response = HttpResponseRedirect(safe_next(request, wanted))
        if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES and account.language != settings.LANGUAGE_CODE:
            # A language chosen once follows the person to a new browser; otherwise the browser's own wish holds.
            remember_language(response, account.language)
        return response


class SignOut(View):
    """The way out."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """End the session."""
        signin.sign_out(request)
        return HttpResponseRedirect(reverse("console:sign-in"))


class Language(View):
    """The choice of a language: in a cookie for this browser, with the account for the next one."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Remember the language and return to the page."""
        response = HttpResponseRedirect(safe_next(request, request.POST.get("next", "")))
        language = request.POST.get("language", "")
        if language in LANGUAGES:
            remember_language(response, language)
            if isinstance(request.user, Account):
                services.set_language(account=request.user, language=language)
        return response


class Home(SignedInPage):
    """Where a signed-in person starts: in the only workspace, or at the choice of one."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """One workspace opens by itself."""
        workspaces = list(identity.workspaces_of(self.account))
        if len(workspaces) == 1:
            actor = identity.member_actor(account=self.account, slug=workspaces[0].slug)
            return HttpResponseRedirect(navigation.first(actor))
        return render(request, "console/home.html", {"workspaces": workspaces})


class Enter(SignedInPage):
    """The door of a workspace: leads to the first page that the member may open; the auditor's is the audit log."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Go there."""
        try:
            actor = identity.member_actor(account=self.account, slug=slug)
        except NotFound as error:
            raise Http404(error.text()) from error
        return HttpResponseRedirect(navigation.first(actor))


@method_decorator(sensitive_post_parameters("current", "new", "again"), name="dispatch")
class OwnAccount(SignedInPage):
    """One's own account: name, language, password."""

    open_with_handed_password = True

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page."""
        return render(request, "console/account.html", {"form": PasswordForm()})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Change the password; other sessions of the account end, this one stays."""
        form = PasswordForm(request.POST)
        if form.is_valid():
            try:
                services.change_password(
                    account=self.account,
                    current=form.cleaned_data["current"],
                    new=form.cleaned_data["new"],
                    address=client_address(request),
                    request_id=request_id(request),
                )
            except FerryError as error:
                form.add_error(None, error.text())
            else:
                update_session_auth_hash(request, self.account)
                messages.success(request, _("Your password is changed. Other sessions of yours have ended."))
                return HttpResponseRedirect(reverse("console:account"))
        return render(request, "console/account.html", {"form": form}, status=400)


def remember_language(response: HttpResponse, language: str) -> None:
    """Keep the language in a host-only cookie for a year."""
    translation.activate(language)
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 86_400,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
