"""Every URL of this room."""

from django.urls import path

from piepowder.rooms.developers.views import identity, members, organisation, reviews

urlpatterns = [
    path("developers/register/", organisation.register, name="developers_register"),
    path("developer/profile/", organisation.profile, name="developers_profile"),
    path("developer/switch", organisation.switch, name="developers_switch"),
    path("developer/close/", organisation.close, name="developers_close"),
    path("developer/members/", members.members, name="developers_members"),
    path("developer/members/leave", members.leave, name="developers_leave"),
    path("developer/members/<str:member_id>/role", members.change_role, name="developers_member_role"),
    path("developer/members/<str:member_id>/remove", members.remove, name="developers_member_remove"),
    path("developer/invitations/<str:invitation_id>/withdraw", members.withdraw, name="developers_withdraw"),
    path("invitations/<str:invitation_id>/", members.invitation, name="developers_invitation"),
    path("developer/identity/", identity.identity, name="developers_identity"),
    path("developer/identity/take-back", identity.take_back, name="developers_identity_take_back"),
    path("reviews/identities/", reviews.queue, name="developers_identities"),
    path("reviews/identities/<str:identity_id>/", reviews.review, name="developers_identity_review"),
    path("reviews/identities/<str:identity_id>/claim", reviews.claim, name="developers_identity_claim"),
    path("reviews/identities/<str:identity_id>/release", reviews.release, name="developers_identity_release"),
]
