"""Settings of sign-in (of the room `people`) and of the OAuth server (of `consent`); `settings.py` takes them over whole."""

from typing import Any
from urllib.parse import urlsplit

from piepowder.core.kernel.config import load, mail_domain

SIGN_IN_APPS = [
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "oauth2_provider",
]

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "name"]},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

_CHOSEN = load()
_HOST = urlsplit(_CHOSEN.public_url).hostname or ""
OIDC_ISSUER = _CHOSEN.oidc_issuer  # the marketplace's own OpenID provider; empty: sellers cannot sign in
STAFF_OIDC_ISSUER = _CHOSEN.staff_oidc_issuer  # its staff's; empty: staff have passwords or links
# A passkey belongs to a name: browsers make none for a number, nor without TLS, but for this machine's own name.
PASSKEYS = mail_domain(_CHOSEN.public_url) == _HOST and (
    _CHOSEN.public_url.startswith("https://") or _HOST == "localhost"
)

LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
SESSION_COOKIE_AGE = 12 * 3600

ACCOUNT_ADAPTER = "piepowder.rooms.people.sign_in.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "piepowder.rooms.people.forms.SignInForm",
    "signup": "piepowder.rooms.people.forms.SignUpForm",
    "add_email": "piepowder.rooms.people.forms.ChangeAddressForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = True  # an address that is taken meets the same pages, and a letter says so to its owner
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # nor does the form send letters to strangers
ACCOUNT_EMAIL_NOTIFICATIONS = True  # whoever changes a way in is told by letter
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_CHANGE_EMAIL = True  # one address; a new one counts once it is confirmed
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True  # in the browser that signed up
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {"confirm_email": "1/m/key,10/h/key", "signup": "20/h/ip", "reset_password": "20/h/ip,5/h/key"}
ALLAUTH_TRUSTED_PROXY_COUNT = _CHOSEN.trusted_proxies

MFA_ADAPTER = "piepowder.rooms.people.sign_in.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_FORMS = {
    "activate_totp": "piepowder.rooms.people.forms.ActivateAppForm",
    "add_webauthn": "piepowder.rooms.people.forms.AddPasskeyForm",
}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = _HOST == "localhost"

SOCIALACCOUNT_ADAPTER = "piepowder.rooms.people.sign_in.ProviderAdapter"
SOCIALACCOUNT_AUTO_SIGNUP = True
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"  # the provider vouches for them
SOCIALACCOUNT_LOGIN_ON_GET = False  # a link elsewhere must not sign anybody in
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False  # a seller is known by the provider's subject, never by an e-mail address


def _provider(provider_id: str, name: str, issuer: str, client_id: str, secret: str) -> dict[str, Any]:
    return {
        "provider_id": provider_id,
        "name": name,
        "client_id": client_id or "piepowder",
        "secret": secret,
        "settings": {"server_url": issuer},
    }


SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            _provider(name, words, issuer, client_id, secret)
            for name, words, issuer, client_id, secret in (
                ("marketplace", "the marketplace", OIDC_ISSUER, _CHOSEN.oidc_client_id, _CHOSEN.oidc_client_secret),
                (
                    "staff",
                    "your organisation",
                    STAFF_OIDC_ISSUER,
                    _CHOSEN.staff_oidc_client_id,
                    _CHOSEN.staff_oidc_client_secret,
                ),
            )
            if issuer
        ],
    }
}

OAUTH2_PROVIDER_APPLICATION_MODEL = "consent.Client"
OAUTH2_PROVIDER_GRANT_MODEL = "consent.AuthorizationCode"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "consent.AccessToken"  # noqa: S105 - names of tables, not secrets
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "consent.RefreshToken"  # noqa: S105
OAUTH2_PROVIDER_ID_TOKEN_MODEL = "consent.IDToken"  # noqa: S105

OAUTH2_PROVIDER: dict[str, Any] = {
    "OAUTH2_SERVER_CLASS": "piepowder.rooms.consent.oauth.Server",
    "OAUTH2_VALIDATOR_CLASS": "piepowder.rooms.consent.oauth.Validator",
    "OAUTH2_BACKEND_CLASS": "piepowder.rooms.consent.oauth.Backend",
    # The recommendations of RFC 9700, every one of them.
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_REFRESH_TOKEN": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_SCHEME": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_MATCHING": True,
    "COMPLIANT_BCP_RFC9700_PKCE_REQUIRED": True,
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 60,
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "REFRESH_TOKEN_EXPIRE_SECONDS": 90 * 86_400,
    "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": 0,  # the library's general grace; ours gives back the same child only
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "ROTATE_REFRESH_TOKEN": True,
    "SCOPES": {},
    "DEFAULT_SCOPES": [],
    "ALLOW_URI_WILDCARDS": False,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https", "http"],  # `http` for loopback only: `rules.redirect_problem`
    "PKCE_REQUIRED": True,
}
