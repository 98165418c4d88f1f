"""Every URL of this room, allauth's among them: a way in that is not named here does not exist."""

from allauth.account import views as allauth
from allauth.mfa.urls import urlpatterns as second_factor
from django.urls import URLPattern, URLResolver, include, path, re_path

from piepowder.rooms.people.views import account, sign_in

own = account.with_own_password

urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in/", sign_in.sign_in, name="people_sign_in"),
    path("sign-in/", sign_in.sign_in, name="account_login"),  # the names under which allauth looks for them
    path("sign-in/staff/<str:text>", sign_in.staff_link, name="people_staff_link"),
    path("sign-out/", sign_in.sign_out, name="people_sign_out"),
    path("sign-out/", sign_in.sign_out, name="account_logout"),
    path("sign-up/", allauth.signup, name="account_signup"),
    path("sign-up/mail-sent/", allauth.email_verification_sent, name="account_email_verification_sent"),
    re_path(r"^sign-up/confirm/(?P<key>[-:\w]{1,300})/$", allauth.confirm_email, name="account_confirm_email"),
    path("closed/", allauth.account_inactive, name="account_inactive"),
    path("password/forgotten/", allauth.password_reset, name="account_reset_password"),
    path("password/forgotten/mail-sent/", allauth.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/new/(?P<uidb36>[0-9A-Za-z_]{1,100})-(?P<key>[-\w]{1,200})/$",
        allauth.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("password/changed/", allauth.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    path("account/", account.account, name="people_account"),
    path("account/address/", own(allauth.email), name="account_email"),
    path("account/password/", own(allauth.password_change), name="account_change_password"),
    path("account/password/set/", own(allauth.password_set), name="account_set_password"),
    path("account/confirm/", allauth.reauthenticate, name="account_reauthenticate"),
    path("account/second-factor/", include(second_factor)),
    path("account/sessions/", include("allauth.usersessions.urls")),
    path("account/sessions/<int:number>/end", account.end_session, name="people_end_session"),
    path("accounts/", include("allauth.socialaccount.providers.openid_connect.urls")),
]
