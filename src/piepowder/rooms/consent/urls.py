"""Every URL of this room."""

from django.urls import path

from piepowder.rooms.consent.views import authorise, clients, my_apps, oauth

urlpatterns = [
    path("auth/o2/token", oauth.token, name="consent_token"),
    path("oauth2/token", oauth.token, name="consent_oauth_token"),
    path("oauth2/revoke", oauth.revoke, name="consent_revoke"),
    path("oauth2/introspect", oauth.introspect, name="consent_introspect"),
    path(".well-known/oauth-authorization-server", oauth.metadata, name="consent_metadata"),
    path("oauth2/authorize", authorise.authorize, name="consent_authorize"),
    path("apps/authorize/consent", authorise.consent, name="consent_consent"),
    path("my/apps/", my_apps.my_apps, name="consent_my_apps"),
    path("my/apps/<str:grant_id>/", my_apps.my_app, name="consent_my_app"),
    path("my/apps/<str:grant_id>/choose", my_apps.choose, name="consent_my_app_choose"),
    path("my/apps/<str:grant_id>/keep", my_apps.keep, name="consent_my_app_keep"),
    path("my/apps/<str:grant_id>/renew", my_apps.renew, name="consent_my_app_renew"),
    path("my/apps/<str:grant_id>/revoke", my_apps.revoke, name="consent_my_app_revoke"),
    path("developer/clients/", clients.index, name="consent_clients"),
    path("developer/clients/<str:app_id>/new", clients.new, name="consent_client_new"),
    path("developer/clients/<str:app_id>/own-shop", clients.own_shop, name="consent_own_shop"),
    path("developer/clients/<str:client_id>/redirects", clients.redirects, name="consent_client_redirects"),
    path("developer/clients/<str:client_id>/rotate", clients.rotate, name="consent_client_rotate"),
    path("developer/clients/<str:client_id>/end-secret", clients.end_secret, name="consent_client_end_secret"),
]
