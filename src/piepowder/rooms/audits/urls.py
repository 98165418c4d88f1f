"""Every URL of this room."""

from django.urls import path

from piepowder.rooms.audits.views import assessing, desk, own

_ONE = "audits/<str:audit_id>/"
_REQUEST = "audits/requests/<str:request_id>/"
_FINDING = "audits/findings/<str:finding_id>/"

urlpatterns = [
    path("audits/", desk.index, name="audits_index"),
    path("audits/draws/new/", desk.new_draw, name="audits_new_draw"),
    path("audits/draws/<str:draw_id>/", desk.draw, name="audits_draw"),
    path(f"{_REQUEST}accept/", assessing.accept, name="audits_accept"),
    path(f"{_REQUEST}send-back/", assessing.send_back, name="audits_send_back"),
    path(f"{_REQUEST}withdraw/", assessing.withdraw, name="audits_withdraw"),
    path(_FINDING, assessing.change_finding, name="audits_change_finding"),
    path(f"{_FINDING}drop/", assessing.drop_finding, name="audits_drop_finding"),
    path(f"{_FINDING}settle/", assessing.settle, name="audits_settle"),
    path(f"{_FINDING}fixed/", assessing.confirm_fixed, name="audits_confirm_fixed"),
    path(_ONE, desk.one, name="audits_one"),
    path(f"{_ONE}assign/", desk.assign, name="audits_assign"),
    path(f"{_ONE}take/", desk.take, name="audits_take"),
    path(f"{_ONE}announce/", desk.announce, name="audits_announce"),
    path(f"{_ONE}cancel/", desk.cancel, name="audits_cancel"),
    path(f"{_ONE}extend/", desk.extend, name="audits_extend"),
    path(f"{_ONE}ask/", assessing.ask, name="audits_ask"),
    path(f"{_ONE}begin/", assessing.begin, name="audits_begin"),
    path(f"{_ONE}lines/<str:key>/", assessing.judge, name="audits_judge"),
    path(f"{_ONE}findings/", assessing.add_finding, name="audits_add_finding"),
    path(f"{_ONE}findings/send/", assessing.send_findings, name="audits_send_findings"),
    path(f"{_ONE}close/", assessing.close, name="audits_close"),
    path(f"{_ONE}documents/<str:document_id>/", assessing.document, name="audits_document"),
    path("my-audits/", own.index, name="audits_own_index"),
    path("my-audits/requests/<str:request_id>/", own.provide, name="audits_provide"),
    path("my-audits/findings/<str:finding_id>/", own.answer, name="audits_answer"),
    path("my-audits/<str:audit_id>/", own.one, name="audits_own"),
]
