"""Members of an organisation and their roles, invitations, and the page of whoever is invited."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.developers import actions
from piepowder.rooms.developers.forms import InviteForm
from piepowder.rooms.developers.guards import CHOSEN, developer_of, for_members, member_of
from piepowder.rooms.developers.models import Invitation, Member
from piepowder.rooms.developers.rules.organisation import ROLE_WORDS, InvitationStatus, Role
from piepowder.rooms.ground.forms import sentence, tried
from piepowder.rooms.people.guards import account_of, actor_of, signed_in


@for_members()
@require_http_methods(["GET", "HEAD", "POST"])
def members(request: HttpRequest) -> HttpResponse:
    """Everybody sees who acts for the organisation; owners invite from here."""
    developer, member = developer_of(request), member_of(request)
    form = InviteForm(request.POST or None)
    if request.method == "POST" and member.role == Role.OWNER and form.is_valid():
        invited = tried(
            form,
            actions.invite,
            fields={
                "developers_email_malformed": "email",
                "developers_member_already": "email",
                "developers_invited_already": "email",
            },
            developer=developer,
            by=actor_of(request),
            at=datetime.now(UTC),
            **form.cleaned_data,
        )
        if invited is not None:
            messages.success(request, f"An invitation is on its way to {invited.email}.")
            return redirect("developers_members")
    page = {
        "developer": developer,
        "member": member,
        "is_owner": member.role == Role.OWNER,
        "members": Member.objects.of(developer),
        "invitations": Invitation.objects.of(developer).open(),
        "roles": list(ROLE_WORDS.items()),
        "form": form,
    }
    return render(request, "developers/members.html", page, status=422 if form.errors else 200)


@for_members(Role.OWNER)
@require_POST
def change_role(request: HttpRequest, member_id: str) -> HttpResponse:
    role = request.POST.get("role", "")
    return _tried(
        request, member_id, lambda member, **by: actions.change_role(member, role, **by), "The role is changed."
    )


@for_members(Role.OWNER)
@require_POST
def remove(request: HttpRequest, member_id: str) -> HttpResponse:
    return _tried(request, member_id, actions.remove_member, "The member is removed.")


@for_members()
@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Ends one's own membership."""
    member = member_of(request)
    answer = _tried(request, member.id, actions.remove_member, f"You no longer act for {member.developer.shown_name}.")
    if not Member.objects.filter(pk=member.pk).exists():
        request.session.pop(CHOSEN, None)
        return redirect("console_home")
    return answer


@for_members(Role.OWNER)
@require_POST
def withdraw(request: HttpRequest, invitation_id: str) -> HttpResponse:
    try:
        invitation = Invitation.objects.named(invitation_id, developer_of(request))
        actions.withdraw(invitation, by=actor_of(request), at=datetime.now(UTC))
    except PiepowderError as error:
        messages.error(request, f"Nothing was changed. {sentence(error)}")
    else:
        messages.success(request, f"The invitation of {invitation.email} is withdrawn.")
    return redirect("developers_members")


def _tried(request: HttpRequest, member_id: str, action: Callable[..., object], done: str) -> HttpResponse:
    try:
        member = Member.objects.named(developer_of(request), member_id)
        action(member, by=actor_of(request), at=datetime.now(UTC))
    except PiepowderError as error:
        messages.error(request, f"Nothing was changed. {sentence(error)}")
    else:
        messages.success(request, done)
    return redirect("developers_members")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, invitation_id: str) -> HttpResponse:
    """What somebody is invited to; a button answers. To whoever it was not sent, it is as if there were none."""
    account = account_of(request)
    try:
        found = Invitation.objects.named(invitation_id)
    except PiepowderError as error:
        raise Http404(error.message) from None
    if found.email.lower() != account.email.lower():
        return render(request, "developers/invitation_elsewhere.html", {"email": account.email}, status=403)
    problem = ""
    if request.method == "POST":
        problem = _answer(request, found)
        if not problem:
            return redirect("developers_home" if request.POST.get("answer") == "accept" else "console_home")
    open_ = found.status == InvitationStatus.OPEN and found.expires_at > datetime.now(UTC)
    page = {"invitation": found, "open": open_, "problem": problem}
    return render(request, "developers/invitation.html", page, status=422 if problem else 200)


def _answer(request: HttpRequest, found: Invitation) -> str:
    by: dict[str, Any] = {"by": actor_of(request), "at": datetime.now(UTC)}
    try:
        if request.POST.get("answer") == "accept":
            actions.accept(found, account_of(request), **by)
            request.session[CHOSEN] = found.developer_id
            messages.success(request, f"You act for {found.developer.shown_name} now.")
        else:
            actions.decline(found, account_of(request), **by)
            messages.success(request, "The invitation is declined.")
    except PiepowderError as error:
        return sentence(error)
    return ""
