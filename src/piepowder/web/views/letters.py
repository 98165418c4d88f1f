"""The inbox of whoever is signed in: what they, their shop and their organisation were told. Staff see what mail is stuck."""

from datetime import UTC, datetime

import django_tables2 as tables
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe
from django_filters import ChoiceFilter, FilterSet

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.developers.models import Member
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.ground.forms import sentence
from piepowder.rooms.ground.tables import listing
from piepowder.rooms.notices import actions
from piepowder.rooms.notices.models import Letter, Mail
from piepowder.rooms.notices.rules import MailStatus
from piepowder.rooms.people.guards import account_of, actor_of, for_staff, signed_in
from piepowder.rooms.people.models import Account


def recipients_of(account: Account) -> list[str]:
    """Whose letters this person reads: their own, their shop's, their organisations'."""
    of = [account.id]
    if account.seller_id:
        of.append(account.seller_id)
    return of + list(Member.objects.filter(account=account).values_list("developer_id", flat=True))


def unread_of(recipients: list[str]) -> int:
    """For the shell's menu."""
    return Letter.objects.to(recipients).unread().count()


class LettersTable(tables.Table):  # type: ignore[misc]
    subject = tables.TemplateColumn(
        '<a href="{% url "notices_letter" letter_id=record.id %}">'
        "{% if record.read_at %}{{ record.subject }}{% else %}<b>{{ record.subject }}</b>{% endif %}</a>",
        attrs={"td": {"class": "wide"}},
    )
    created_at = tables.DateTimeColumn(verbose_name="Written", format="j M Y, H:i", attrs={"td": {"class": "nowrap"}})
    read_at = tables.TemplateColumn(
        '{% if record.read_at %}<span class="muted">Read</span>{% else %}<span class="badge warn">New</span>{% endif %}',
        verbose_name="State",
    )

    class Meta:
        caption = "Letters, newest first"
        empty = "notices/no_letters.html"

    def value_subject(self, record: Letter) -> str:
        return record.subject

    def value_read_at(self, record: Letter) -> str:
        return f"{record.read_at:%Y-%m-%dT%H:%M:%SZ}" if record.read_at else ""


class LetterFilter(FilterSet):  # type: ignore[misc]
    state = ChoiceFilter(
        label="State", choices=[("new", "New"), ("read", "Read")], empty_label="All", method="filter_state"
    )

    def filter_state(self, rows: "object", name: str, value: str) -> object:
        return rows.filter(read_at__isnull=value == "new")  # type: ignore[attr-defined]


@signed_in
@require_safe
def inbox(request: HttpRequest) -> HttpResponseBase:
    rows = Letter.objects.to(recipients_of(account_of(request)))
    page = {"unread": rows.unread().count()}
    return listing(request, LettersTable, rows, "notices/letters.html", filters=LetterFilter, page=page)


@signed_in
@require_safe
def letter(request: HttpRequest, letter_id: str) -> HttpResponse:
    """Who opens a letter has been served with it; a browser that only looks ahead has not."""
    found = _own(request, letter_id)
    if request.method == "GET" and "prefetch" not in request.headers.get("Sec-Purpose", ""):
        found = actions.read(found, by=actor_of(request), at=datetime.now(UTC))
    mails = list(found.mails.order_by("id"))
    return render(request, "notices/letter.html", {"letter": found, "mails": mails})


@signed_in
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    count = actions.read_all(recipients_of(account_of(request)), by=actor_of(request), at=datetime.now(UTC))
    messages.success(request, f"{count} letter{'' if count == 1 else 's'} marked as read.")
    return redirect("notices_inbox")


def _own(request: HttpRequest, letter_id: str) -> Letter:
    """Another's letter is as good as none."""
    try:
        return Letter.objects.named(letter_id, recipients_of(account_of(request)))
    except PiepowderError as error:
        raise Http404(error.message) from None


class MailsTable(tables.Table):  # type: ignore[misc]
    due_at = tables.DateTimeColumn(verbose_name="Due", format="j M Y, H:i", attrs={"td": {"class": "nowrap"}})
    address = tables.Column(verbose_name="To")
    letter = tables.Column(accessor="letter__subject", verbose_name="Letter")
    status = tables.TemplateColumn('{% include "notices/mail_status.html" with mail=record %}', verbose_name="State")
    tries = tables.Column(verbose_name="Failed tries", attrs={"td": {"class": "num"}})
    error = tables.Column(verbose_name="What the server said", orderable=False)
    again = tables.TemplateColumn(
        '{% include "notices/mail_again.html" with mail=record %}',
        verbose_name="",
        orderable=False,
        exclude_from_export=True,
    )

    class Meta:
        caption = "Mails, newest first"
        empty = "notices/no_mails.html"

    def value_status(self, record: Mail) -> str:
        return record.status


class MailFilter(FilterSet):  # type: ignore[misc]
    status = ChoiceFilter(
        label="State", choices=[(one.value, one.value.capitalize()) for one in MailStatus], empty_label="All"
    )


@for_staff()
@require_safe
def mails(request: HttpRequest) -> HttpResponseBase:
    rows = Mail.objects.newest()
    page = {"trouble": Mail.objects.in_trouble().count()}
    return listing(request, MailsTable, rows, "notices/mails.html", filters=MailFilter, page=page)


@for_staff(Permission.GOVERN)
@require_POST
def send_again(request: HttpRequest, mail_id: str) -> HttpResponse:
    try:
        mail = actions.send_again(Mail.objects.named(mail_id), by=actor_of(request), at=datetime.now(UTC))
    except PiepowderError as error:
        messages.error(request, f"Nothing was changed. {sentence(error)}")
    else:
        messages.success(request, f"The mail to {mail.address} goes out within a minute.")
    return redirect(_back(request, "notices_mails"))


def _back(request: HttpRequest, page: str) -> str:
    wanted = request.POST.get("next", "")
    local = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if local else page
