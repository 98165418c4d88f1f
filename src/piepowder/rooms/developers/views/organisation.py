"""An organisation registers, changes its profile, is chosen among several, and closes."""

from datetime import UTC, datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from piepowder.rooms.developers import actions
from piepowder.rooms.developers.forms import ChangeForm, CloseForm, ProfileForm
from piepowder.rooms.developers.guards import CHOSEN, choose, developer_of, for_members, member_of, memberships
from piepowder.rooms.developers.models import Developer, Invitation
from piepowder.rooms.developers.profile import AT_FIELD, EMAILS
from piepowder.rooms.developers.rules.organisation import Role
from piepowder.rooms.ground.forms import tried
from piepowder.rooms.ground.pages import local_next
from piepowder.rooms.people.guards import account_of, actor_of, signed_in

PAGE = ["GET", "HEAD", "POST"]


@signed_in
@require_http_methods(PAGE)
def register(request: HttpRequest) -> HttpResponse:
    """For anybody with an account, who then owns the organisation."""
    account = account_of(request)
    email = "" if account.email.endswith(".invalid") else account.email
    contacts = dict.fromkeys(EMAILS, email)  # whoever registers is the first whom everybody can reach
    form = ProfileForm(request.POST or None, initial=contacts)
    if request.method == "POST" and form.is_valid():
        if _sent_twice(request, form):
            return redirect("developers_home")
        developer = tried(
            form,
            actions.register_own,
            fields=AT_FIELD,
            account=account,
            by=actor_of(request),
            at=datetime.now(UTC),
            **form.cleaned_data,
        )
        if developer is not None:
            request.session[CHOSEN] = developer.id
            messages.success(request, f"{developer.shown_name} is registered. These are the next steps.")
            return redirect("developers_home")
    page = {"form": form, "invitations": Invitation.objects.to(account), "others": memberships(request)}
    return render(request, "developers/register.html", page, status=422 if form.errors else 200)


def _sent_twice(request: HttpRequest, form: ProfileForm) -> bool:
    """The same form again, as by a second click: the organisation is there, and theirs."""
    name = form.cleaned_data["name"] or form.cleaned_data["legal_name"]
    own = [one.developer for one in memberships(request) if one.developer.name == name]
    return bool(own) and choose(request, own[0].id) is not None


@for_members()
@require_http_methods(PAGE)
def profile(request: HttpRequest) -> HttpResponse:
    """Everybody sees it; owners and developers change it."""
    developer, member = developer_of(request), member_of(request)
    may_change = member.role in (Role.OWNER, Role.DEVELOPER) and developer.is_open
    form = ChangeForm(request.POST or None, initial=ChangeForm.initial_of(developer))
    if request.method == "POST" and may_change and form.is_valid():
        given = {**form.cleaned_data, "name": form.cleaned_data["name"] or form.cleaned_data["legal_name"]}
        changed = tried(
            form,
            actions.change_profile,
            fields=AT_FIELD,
            developer=developer,
            by=actor_of(request),
            at=datetime.now(UTC),
            **given,
        )
        if changed is not None:
            messages.success(request, "The profile is saved.")
            return redirect("developers_profile")
        developer = Developer.objects.named(developer.id)
        form = _over_the_present(form, developer) if form.data.get("seen") != developer.revision() else form
    page = {"developer": developer, "form": form, "member": member, "may_change": may_change}
    return render(request, "developers/profile.html", page, status=422 if form.errors else 200)


def _over_the_present(form: ChangeForm, developer: Developer) -> ChangeForm:
    """The same words once more, to be saved over what is there now, which the page shows beside them."""
    typed = {name: form.data.get(name) for name in form.fields}
    again = ChangeForm({**typed, "seen": developer.revision()}, initial=form.initial)
    for message in form.non_field_errors():
        again.add_error(None, str(message))
    return again


@signed_in
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Acts for another of one's organisations from now on."""
    developer = choose(request, request.POST.get("developer", ""))
    if developer is not None:
        messages.success(request, f"You now act for {developer.shown_name}.")
    return redirect(local_next(request, otherwise="/developer/"))


@for_members(Role.OWNER)
@require_http_methods(PAGE)
def close(request: HttpRequest) -> HttpResponse:
    """What closing means, and the closing itself, typed out."""
    developer = developer_of(request)
    form = CloseForm(request.POST or None, developer=developer)
    if request.method == "POST" and form.is_valid():
        closed = tried(
            form,
            actions.close_developer,
            developer=developer,
            reason=form.cleaned_data["reason"],
            by=actor_of(request),
            at=datetime.now(UTC),
        )
        if closed is not None:
            messages.success(request, f"{developer.shown_name} is closed.")
            return redirect("developers_home")
    page = {"developer": developer, "form": form}
    return render(request, "developers/close.html", page, status=422 if form.errors else 200)
