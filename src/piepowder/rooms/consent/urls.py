"""Every URL of this room."""

from django.urls import include, path

from piepowder.rooms.consent.views import authorise, my_apps, oauth, sign_in

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
    path("my/apps/<str:grant_id>/narrow", my_apps.narrow, name="consent_my_app_narrow"),
    path("my/apps/<str:grant_id>/revoke", my_apps.revoke, name="consent_my_app_revoke"),
    path("sign-in/", sign_in.sign_in, name="consent_sign_in"),
    path("sign-in/", sign_in.sign_in, name="account_login"),  # the name under which allauth looks for it
    path("sign-in/staff/<str:text>", sign_in.staff_link, name="consent_staff_link"),
    path("sign-out/", sign_in.sign_out, name="consent_sign_out"),
    path("accounts/", include("allauth.socialaccount.providers.openid_connect.urls")),
]
