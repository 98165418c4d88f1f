"""Every URL of this room."""

from django.urls import path

from piepowder.rooms.enforcement.views import conduct, desk, own

_ONE = "cases/<str:case_id>/"
_DECISION = "cases/decisions/<str:decision_id>/"
_SANCTION = "cases/sanctions/<str:sanction_id>/"
_OWN = "my-cases/<str:case_id>/"

urlpatterns = [
    path("cases/", desk.index, name="enforcement_index"),
    path("cases/new/", desk.report, name="enforcement_report"),
    path(f"{_DECISION}confirm/", conduct.confirm, name="enforcement_confirm"),
    path(f"{_DECISION}reject/", conduct.reject, name="enforcement_reject"),
    path(f"{_SANCTION}confirm/", conduct.confirm_emergency, name="enforcement_confirm_emergency"),
    path(f"{_SANCTION}end/", conduct.end_emergency, name="enforcement_end_emergency"),
    path(f"{_SANCTION}lift/", conduct.lift, name="enforcement_lift"),
    path("cases/appeals/<str:appeal_id>/hear/", conduct.hear, name="enforcement_hear"),
    path(_ONE, desk.one, name="enforcement_one"),
    path(f"{_ONE}reach/", desk.reach, name="enforcement_reach"),
    path(f"{_ONE}take/", conduct.take, name="enforcement_take"),
    path(f"{_ONE}serve/", conduct.serve, name="enforcement_serve"),
    path(f"{_ONE}withdraw/", conduct.withdraw, name="enforcement_withdraw"),
    path(f"{_ONE}extend/", conduct.extend, name="enforcement_extend"),
    path(f"{_ONE}message/", conduct.message, name="enforcement_message"),
    path(f"{_ONE}decide/", conduct.decide, name="enforcement_decide"),
    path(f"{_ONE}at-once/", conduct.at_once, name="enforcement_at_once"),
    path("my-cases/", own.index, name="enforcement_own_index"),
    path(_OWN, own.one, name="enforcement_own"),
    path(f"{_OWN}answer/", own.answer, name="enforcement_answer"),
    path(f"{_OWN}more-time/", own.more_time, name="enforcement_more_time"),
    path(f"{_OWN}message/", own.message, name="enforcement_own_message"),
    path(f"{_OWN}appeal/", own.appeal, name="enforcement_appeal"),
]
