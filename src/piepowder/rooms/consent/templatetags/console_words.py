"""Words for the console's tables."""

import re

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from piepowder.core.policy.taxonomy import ROLES, purpose_words
from piepowder.rooms.consent.offers import words_of

register = template.Library()
register.filter("purpose_words", purpose_words)
register.filter("category_words", words_of)


KINDS: dict[str, str] = {
    "gateway.read": "an app read",
    "gateway.refusal": "a call was refused",
    "gateway.restricted_token": "a restricted token was given",
    "gateway.write_intention": "an app was about to write",
    "gateway.write_outcome": "an app wrote",
    "consent.grant": "a seller authorised the app",
    "consent.choose": "a seller chose again what the app may read",
    "consent.narrow": "an authorisation was narrowed",
    "consent.renew": "an authorisation was renewed",
    "consent.move": "an authorisation followed the app to a version that asks nothing new",
    "consent.ask_more": "a new version asks a seller for more",
    "consent.accept_request": "a seller allowed what was new, or part of it",
    "consent.refuse_request": "a seller refused what was new",
    "consent.overtake_request": "a request for more was overtaken",
    "consent.remind": "a seller was reminded that an authorisation ends",
    "consent.issue_token": "a token was issued",
    "consent.revoke": "an authorisation was revoked",
    "consent.expire": "an authorisation ended with its year",
    "consent.provision": "a refresh token was handed out",
    "consent.register_client": "a client was registered",
    "consent.rotate_secret": "a client's secret was rotated",
    "consent.end_secret": "a client's secret was ended",
    "consent.set_redirects": "a client's return addresses were changed",
    "consent.end_family": "tokens were revoked together",
    "consent.revoke_token": "an app gave an access token back",
    "people.make_link": "a sign-in link was made",
    "people.use_link": "a sign-in link was used",
    "audits.draw": "developers were drawn for an audit",
    "audits.open": "an audit was opened",
    "audits.assign": "an audit got an assessor",
    "audits.announce": "an audit was announced",
    "audits.request": "an audit waits for evidence",
    "audits.ask": "a developer was asked for evidence",
    "audits.provide": "a developer provided evidence for an audit",
    "audits.accept_evidence": "evidence for an audit was accepted",
    "audits.send_back_evidence": "evidence for an audit was sent back",
    "audits.withdraw_request": "evidence for an audit is no longer needed",
    "audits.lapse": "the time for an answer in an audit was over",
    "audits.begin": "an audit goes through its checklist",
    "audits.judge": "a line of an audit's checklist was judged",
    "audits.add_finding": "a finding of an audit was noted",
    "audits.change_finding": "a finding of an audit was rewritten",
    "audits.drop_finding": "a draft of a finding was dropped",
    "audits.send_findings": "the findings of an audit were sent",
    "audits.send_finding": "a finding was sent to the developer",
    "audits.answer": "a developer answered a finding",
    "audits.all_answered": "the answers of an audit are being weighed",
    "audits.settle_finding": "a finding was decided after the answer",
    "audits.confirm_fixed": "a finding was fixed",
    "audits.extend": "an audit's step was given more time",
    "audits.close": "an audit was closed",
    "audits.cancel": "an audit was cancelled",
    "standing.open": "first standing",
    "standing.set": "standing changed",
    "standing.forget": "an import's standing was taken back",
    "people.import_seller": "a seller was imported",
    "people.forget_seller": "an imported seller was taken back",
    "consent.import_client": "a client was imported",
    "consent.import_grant": "an authorisation was imported",
    "consent.import_token": "a token's digest was imported",
    "consent.forget_client": "an imported client was taken back",
    "consent.forget_grant": "an imported authorisation was taken back",
    "appstore.forget_app": "an imported app was taken back",
    "developers.forget": "an imported developer was taken back",
    "imports.check": "files were checked for an import",
    "imports.start": "an import was ordered",
    "imports.begin": "an import began",
    "imports.take_over": "an import went on in another process, since its own had died",
    "imports.finish": "an import was finished",
    "imports.stop": "an import stopped at a failure",
    "imports.drop": "a checked import was dropped",
    "imports.join": "what the marketplace calls somebody was noted",
    "imports.roll_back": "an import was rolled back",
    "imports.approve_modes": "a second person approved the modes of an import",
    "appstore.create_app": "an app was registered",
    "appstore.add_version": "an app got a new version",
    "appstore.change_app": "what is said of an app was changed",
    "appstore.set_reach": "a cap on sellers was set or lifted",
    "appstore.begin_version": "a version was begun",
    "appstore.write_manifest": "a manifest was written",
    "appstore.describe_version": "roles and notes of a version were written",
    "appstore.submit_version": "a version was handed in",
    "appstore.take_back_version": "a version was taken back",
    "appstore.withdraw_version": "a version was given up",
    "appstore.begin_review": "a reviewer took a version",
    "appstore.give_back_review": "a version went back into the queue",
    "appstore.approve_first": "a first reviewer approved a version",
    "appstore.approve_version": "a version was approved",
    "appstore.return_version": "a version was returned with reasons",
    "appstore.break_promise": "a promised date of review passed",
    "appstore.release_version": "a version went live",
    "appstore.supersede_version": "a version was replaced by a newer one",
    "appstore.set_rollout": "a version reached more sellers",
    "appstore.stop_rollout": "a roll-out was stopped",
    "appstore.set_deadline": "the deadline for apps was set",
    "appstore.remind_deadline": "developers were reminded of the deadline",
    "appstore.approve_roles": "roles were approved",
    "appstore.set_rates": "rates were set",
    "appstore.propose_mode": "a mode was proposed",
    "appstore.set_mode": "a mode came into effect",
    "appstore.end_mode": "a mode ended",
    "appstore.decline_mode": "a mode was declined",
    "billing.create_plan": "a plan was offered",
    "billing.change_plan": "a plan got new terms",
    "billing.withdraw_plan": "a plan was withdrawn",
    "billing.offer_plan": "a plan is offered again",
    "billing.subscribe": "a seller subscribed to an app",
    "billing.begin_charging": "a trial ended",
    "billing.switch_plan": "a seller chose another plan",
    "billing.change_terms": "a subscription gets new terms",
    "billing.cancel": "a subscription was cancelled",
    "billing.resume": "a cancellation was taken back",
    "billing.end": "a subscription ended",
    "billing.offer_terms": "a seller was told of new terms",
    "billing.accept_terms": "a seller accepted new terms",
    "billing.decline_terms": "a seller declined new terms",
    "billing.overtake_terms": "new terms were overtaken",
    "billing.set_commission": "a commission rate was set",
    "billing.set_free_amount": "an amount free of commission was set",
    "billing.file_app": "an app was filed under a store category",
    "billing.run_month": "a month's statements were issued",
    "billing.issue_statement": "a statement was issued",
    "billing.correct": "a charge was corrected",
    "billing.send_payment": "a payment is under way",
    "billing.settle_payment": "a payment was settled",
    "billing.fail_payment": "a payment failed",
    "billing.retry_payment": "a payment is tried again",
    "store.open_listing": "a listing was begun",
    "store.edit_listing": "a listing was changed",
    "store.submit": "a listing was submitted",
    "store.withdraw": "a listing was taken back from review",
    "store.unlist": "an app was taken off the shelf",
    "store.relist": "an app was put back on the shelf",
    "store.stage": "it was set who sees a listing",
    "store.look": "the marketplace looked at a changed listing",
    "store.accept": "an app was listed in the store",
    "store.send_back": "a listing was sent back",
    "store.remove": "an app was removed from the store",
    "store.restore": "an app was put back into the store",
    "store.add_screenshot": "a screenshot was added",
    "store.remove_screenshot": "a screenshot was taken away",
    "store.move_screenshot": "a screenshot was moved",
    "store.rate": "a seller rated an app",
    "store.change_rating": "a rating was changed",
    "store.rate_again": "a withdrawn rating came back",
    "store.withdraw_rating": "a rating was taken back",
    "store.reply": "a rating was answered",
    "store.report_rating": "a rating was reported",
    "store.hide_rating": "a rating was hidden",
    "store.show_rating": "a rating was shown again",
    "store.keep_rating": "a reported rating stayed",
    "assessments.begin": "an assessment was begun",
    "assessments.set_roles": "other roles were asked for",
    "assessments.answer": "an answer was written",
    "assessments.attach": "a document was put behind an answer",
    "assessments.detach": "a document was taken away from an answer",
    "assessments.adopt_newest": "an assessment went on with a newer questionnaire",
    "assessments.dismiss_differences": "the differences between questionnaires were read",
    "assessments.submit": "an assessment was handed in",
    "assessments.withdraw": "an assessment was withdrawn",
    "assessments.take": "a reviewer took an assessment",
    "assessments.hand_back": "a reviewer gave an assessment back",
    "assessments.decide": "an answer was decided",
    "assessments.conclude": "an assessment was decided",
    "assessments.propose": "an approval waits for a second reviewer",
    "assessments.decline": "a second reviewer did not confirm an approval",
    "assessments.retract": "a reviewer took an approval back before it was confirmed",
    "assessments.write": "a message was written on an assessment",
    "assessments.expire": "an approval ended",
    "assessments.remind": "a developer was reminded that an approval ends",
    "assessments.breach": "a promised date was broken",
    "developers.register": "a developer was registered",
    "developers.change_profile": "a developer changed its profile",
    "developers.close": "a developer closed",
    "developers.reopen": "a closed developer was opened again",
    "developers.set_identity_due": "a date for an identity was set",
    "developers.add_member": "somebody joined a developer",
    "developers.change_role": "a member got another role",
    "developers.remove_member": "a member was removed",
    "developers.leave": "a member left",
    "developers.invite": "somebody was invited",
    "developers.withdraw_invitation": "an invitation was withdrawn",
    "developers.accept_invitation": "an invitation was accepted",
    "developers.decline_invitation": "an invitation was declined",
    "developers.expire_invitation": "an invitation ended unanswered",
    "developers.prepare_identity": "an identity was prepared",
    "developers.attach_identity_document": "a document was added to an identity",
    "developers.detach_identity_document": "a document was taken from an identity",
    "developers.submit_identity": "an identity was submitted",
    "developers.take_back_identity": "a submitted identity was taken back",
    "developers.claim_identity": "a reviewer took an identity on",
    "developers.release_identity": "a reviewer gave an identity back",
    "developers.verify_identity": "an identity was verified",
    "developers.return_identity": "an identity was returned",
    "developers.expire_identity": "an identity has to be shown anew",
    "developers.miss_identity_promise": "a promised date was missed",
    "evidence.keep": "a document was handed in",
    "evidence.hand_out": "a document was downloaded",
    "evidence.erase": "a document was erased",
    "notices.tell": "a letter was written",
    "notices.read": "a letter was read",
    "notices.begin_mail": "a mail was handed to the server",
    "notices.mail": "a mail was sent",
    "notices.postpone_mail": "a mail was not taken, and waits",
    "notices.give_up_mail": "a mail could not be delivered",
    "notices.lose_mail": "nobody knows whether a mail arrived",
    "notices.resend_mail": "a stuck mail is sent again",
    "people.provision_seller": "a seller was provisioned",
    "people.link_account": "a seller signed in for the first time",
    "people.create_staff": "an account for staff was made",
    "people.sign_up": "somebody signed up",
    "people.sign_in": "somebody signed in",
    "people.change_sign_in": "somebody changed how they sign in",
    "people.rename": "an account got another name",
    "people.change_role": "a member of staff got another role",
    "people.close_account": "an account was closed",
    "people.reopen_account": "an account was opened again",
    "people.end_sessions": "an account was signed out",
    "people.reset_second_factor": "a second factor was taken away",
    "people.create_key": "an API key was made",
    "people.revoke_key": "an API key was ended",
    "publication.policy": "a policy came into force",
}


@register.filter
def kind_words(kind: str) -> str:
    """A kind of record in words; one that has none stands for itself."""
    return KINDS.get(kind, kind)


@register.filter
def with_code(sentence: str) -> SafeString:
    """A sentence whose `quoted` words are set as code; everything is escaped first."""
    return mark_safe(re.sub("`([^`]*)`", r"<code>\1</code>", escape(sentence)))  # noqa: S308


@register.filter
def plain(word: str) -> str:
    """`personal_data_off` -> `personal data off`."""
    return str(word).replace("_", " ")


@register.filter
def role_words(role: str) -> str:
    return ROLES.get(role, role)


@register.filter
def split_words(words: str) -> list[str]:
    return words.split()


@register.filter
def app_name(app_id: str, names: object) -> str:
    """The app's name, from the page's `Names`."""
    return str(names.app(app_id)) if hasattr(names, "app") else app_id


@register.filter
def seller_name(seller_id: str, names: object) -> str:
    return str(names.seller(seller_id)) if hasattr(names, "seller") else seller_id
