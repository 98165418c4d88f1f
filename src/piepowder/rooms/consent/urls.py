"""Every URL of this room."""

from django.urls import path

from piepowder.rooms.consent.views import oauth

urlpatterns = [
    path("auth/o2/token", oauth.token, name="consent_token"),
    path("oauth2/token", oauth.token, name="consent_oauth_token"),
    path("oauth2/revoke", oauth.revoke, name="consent_revoke"),
    path("oauth2/introspect", oauth.introspect, name="consent_introspect"),
    path(".well-known/oauth-authorization-server", oauth.metadata, name="consent_metadata"),
]
