"""Every URL of billing."""

from django.urls import path

from piepowder.rooms.billing.views import developers, sellers, staff, statements

urlpatterns = [
    path("my/subscriptions/", sellers.index, name="billing_subscriptions"),
    path("my/subscriptions/charges/", sellers.charges, name="billing_charges"),
    path("my/subscriptions/choose/<str:app_id>/", sellers.choose, name="billing_choose"),
    path("my/subscriptions/<str:subscription_id>/cancel", sellers.cancel, name="billing_cancel"),
    path("my/subscriptions/<str:subscription_id>/resume", sellers.resume, name="billing_resume"),
    path("my/subscriptions/<str:subscription_id>/terms/<str:offer_id>", sellers.answer, name="billing_answer"),
    path("billing/", staff.index, name="billing_index"),
    path("billing/run", staff.run, name="billing_run"),
    path("billing/commission/", staff.commission, name="billing_commission"),
    path("billing/settlements/", staff.settlements, name="billing_settlements"),
    path("billing/settlements/<str:settlement_id>/", staff.settle, name="billing_settle"),
    path("billing/settlements/<str:settlement_id>/try-again", staff.try_again, name="billing_try_again"),
    path("billing/plans/", developers.plans, name="billing_plans"),
    path("billing/plans/new", developers.new, name="billing_plan_new"),
    path("billing/plans/<str:plan_id>/", developers.plan, name="billing_plan"),
    path("billing/plans/<str:plan_id>/withdraw", developers.withdraw, name="billing_plan_withdraw"),
    path("billing/plans/<str:plan_id>/offer", developers.offer, name="billing_plan_offer"),
    path("billing/statements/", statements.own, name="billing_statements"),
    path("billing/statements/all", statements.every, name="billing_all_statements"),
    path("billing/statements/<str:statement_id>/", statements.one, name="billing_statement"),
    path("billing/entries/<str:entry_id>/", statements.correct, name="billing_correct"),
]
