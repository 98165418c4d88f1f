"""Every URL of the console."""

from django.urls import path

from piepowder.web.views import (
    apps,
    console,
    desk,
    developers,
    documents,
    grants,
    keys,
    letters,
    reads,
    records,
    search,
)

urlpatterns = [
    path("", console.home, name="console_home"),
    path("theme", console.theme, name="console_theme"),
    path("reviews/", desk.desk, name="console_desk"),
    path("grants/", grants.grants, name="console_grants"),
    path("search", search.search, name="console_search"),
    path("keys/", keys.index, name="people_keys"),
    path("keys/new", keys.new, name="people_key_new"),
    path("keys/<str:key_id>/revoke", keys.revoke, name="people_key_revoke"),
    path("developer/", developers.home, name="developers_home"),
    path("developers/", developers.index, name="developers_all"),
    path("developers/<str:developer_id>/", developers.one, name="developers_one"),
    path("developers/<str:developer_id>/standing", developers.set_standing, name="developers_standing"),
    path("documents/<str:document_id>/", documents.download, name="evidence_download"),
    path("letters/", letters.inbox, name="notices_inbox"),
    path("letters/read", letters.read_all, name="notices_read_all"),
    path("letters/<str:letter_id>/", letters.letter, name="notices_letter"),
    path("mails/", letters.mails, name="notices_mails"),
    path("mails/<str:mail_id>/send-again", letters.send_again, name="notices_mail_again"),
    path("policy/", console.policy, name="console_policy"),
    path("ledger/", records.index, name="console_records"),
    path("ledger/<str:name>/", records.one, name="console_record"),
    path("my/apps/<str:grant_id>/reads", reads.mine, name="console_my_reads"),
    path("developer/calls/", reads.of_app, name="console_calls"),
    path("developer/calls/<str:app_id>/", reads.of_app, name="console_app_reads"),
    path("developer/calls/<str:app_id>/records/<str:name>", reads.app_record, name="console_app_record"),
    path("my/apps/<str:grant_id>/records/<str:name>", reads.my_record, name="console_my_record"),
    path("apps/", apps.index, name="console_apps"),
    path("apps/<str:app_id>/", apps.one, name="console_app"),
    path("apps/<str:app_id>/standing", apps.set_standing, name="console_app_standing"),
]
