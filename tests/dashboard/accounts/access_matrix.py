"""The declared access of every URL: what each standing character gets for each method.

A row is (URL name, who may GET, who may POST). `MEMBERS`, `OWNER`, ... are sets of characters; whoever is not in the
set gets the refusal that the row's decision implies: an outsider of a workspace 404, a member of the wrong role or a
person without the platform role 403, somebody signed out the sign-in page. None: the method is not offered (405).
"""

from dataclasses import dataclass

CHARACTERS = (
    "owner",
    "buyer",
    "viewer",
    "outsider",
    "product_reviewer",
    "billing_admin",
    "operator",
    "anonymous",
)
MEMBERS = frozenset({"owner", "buyer", "viewer"})
BUYERS = frozenset({"owner", "buyer"})
OWNER = frozenset({"owner"})
BUYERS = frozenset({"owner", "buyer"})
SIGNED_IN = frozenset(CHARACTERS) - {"anonymous"}
EVERYBODY = frozenset(CHARACTERS)
REVIEWER = frozenset({"product_reviewer"})
BILLING = frozenset({"billing_admin"})
OPERATOR = frozenset({"operator"})


@dataclass(frozen=True)
class Row:
    """`kind` names the decision; `get` and `post` who passes it."""

    name: str
    kind: str
    get: frozenset[str] | None
    post: frozenset[str] | None = None


MATRIX = (
    Row("web:home", "signed_in", SIGNED_IN),
    Row("web:profile", "signed_in", SIGNED_IN, SIGNED_IN),
    Row("web:profile_theme", "signed_in", None, SIGNED_IN),
    Row("usersessions_list", "signed_in", SIGNED_IN, SIGNED_IN),
    Row("web:other_session_end", "signed_in", None, SIGNED_IN),
    Row("exports:export_list", "signed_in", SIGNED_IN),
    Row("exports:export_detail", "signed_in", SIGNED_IN),
    Row("exports:export_file", "signed_in", None, SIGNED_IN),
    Row("exports:export_repeat", "signed_in", None, SIGNED_IN),
    Row("assets:preview", "member", MEMBERS),
    Row("assets:job_list", "member", MEMBERS),
    Row("assets:job_detail", "member", MEMBERS),
    Row("web:health", "platform", OPERATOR),
    Row("web:audit_log_all", "platform", OPERATOR),
    Row("web:audit_export_all", "platform", None, OPERATOR),
    Row("web:thread_queue", "platform", BILLING),
    Row("web:thread_desk", "platform", BILLING, BILLING),
    Row("web:thread_assignment", "platform", None, BILLING),
    Row("web:healthz", "public", EVERYBODY),
    Row("web:readyz", "public", EVERYBODY),
    Row("web:overview", "member", MEMBERS),
    Row("web:audit_log", "member", OWNER),
    Row("web:audit_export", "member", None, OWNER),
    Row("web:thread_list", "member", MEMBERS),
    Row("web:thread_new", "member", BUYERS, BUYERS),
    Row("web:thread_detail", "member", MEMBERS),
    Row("web:thread_message", "member", None, BUYERS),
    Row("web:search", "member", MEMBERS),
    Row("web:agent_detail", "member", MEMBERS),
    Row("accounts:settings", "member", MEMBERS),
    Row("accounts:workspace_name", "member", None, OWNER),
    Row("accounts:member_role", "member", OWNER, OWNER),
    Row("accounts:member_removal", "member", OWNER, OWNER),
    Row("accounts:member_leave", "member", MEMBERS, MEMBERS),
    Row("accounts:invitation_new", "member", OWNER, OWNER),
    Row("accounts:invitation_again", "member", None, OWNER),
    Row("accounts:invitation_withdrawal", "member", None, OWNER),
    Row("accounts:handover_new", "member", OWNER, OWNER),
    Row("accounts:handover_acceptance", "member", None, MEMBERS),
    Row("accounts:handover_refusal", "member", None, MEMBERS),
    Row("accounts:workspace_new", "signed_in", SIGNED_IN, SIGNED_IN),
    Row("accounts:invitation", "signed_in", SIGNED_IN, SIGNED_IN),
    Row("accounts:invitation_open", "public", EVERYBODY),
    Row("accounts:people", "platform", OPERATOR),
    Row("accounts:workspace_people", "platform", OPERATOR, OPERATOR),
    Row("agents:agent_list", "member", MEMBERS),
    Row("agents:claim_start", "member", OWNER, OWNER),
    Row("agents:claim_by_hand", "member", None, OWNER),
    Row("agents:claim_attempt", "member", OWNER),
    Row("agents:claim_consent", "member", None, OWNER),
    Row("agents:claim_decline", "member", None, OWNER),
    Row("agents:agent_release", "member", OWNER, OWNER),
    Row("agents:stop", "member", BUYERS, BUYERS),
    Row("agents:start", "member", OWNER, OWNER),
    Row("agents:replace", "member", None, OWNER),
    Row("web:token_exposed", "member", OWNER),
    Row("agents:claim_link", "public", EVERYBODY, EVERYBODY),
    Row("agents:claim_link_open", "public", EVERYBODY),
    Row("spend:spend", "member", MEMBERS),
    Row("spend:spend_export", "member", None, MEMBERS),
    Row("activity:event_list", "member", MEMBERS),
    Row("activity:event_detail", "member", MEMBERS),
    Row("activity:event_arrivals", "member", MEMBERS),
    Row("activity:event_months", "member", MEMBERS),
    Row("activity:event_export", "member", None, MEMBERS),
    Row("catalog:model_list", "member", MEMBERS),
    Row("catalog:model_detail", "member", MEMBERS),
    Row("catalog:capabilities", "member", MEMBERS),
    Row("catalog:model_list_all", "signed_in", SIGNED_IN),
    Row("catalog:model_detail_all", "signed_in", SIGNED_IN),
    Row("catalog:capabilities_all", "signed_in", SIGNED_IN),
    Row("credits:purchase_list", "member", MEMBERS),
    Row("credits:purchase_new", "member", MEMBERS),
    Row("credits:purchase_quote", "member", None, BUYERS),
    Row("credits:purchase_detail", "member", MEMBERS),
    Row("credits:purchase_payment", "member", BUYERS, BUYERS),
    Row("credits:purchase_cancel", "member", None, BUYERS),
    Row("credits:buying_rule", "member", OWNER, OWNER),
    Row("web:inbox", "member", MEMBERS),
    Row("hand_offs:dismissal", "member", None, BUYERS),
    Row("hand_offs:mute", "member", None, BUYERS),
    Row("hand_offs:unmute", "member", None, BUYERS),
    Row("balance:balance_overview", "member", MEMBERS),
    Row("balance:balance_detail", "member", MEMBERS),
    Row("balance:balance_interval", "member", MEMBERS),
    Row("balance:balance_export", "member", None, MEMBERS),
    Row("sync:agent_refresh", "member", None, MEMBERS),
    Row("receipts:receipt_list", "member", MEMBERS),
    Row("receipts:receipt_export", "member", None, MEMBERS),
    Row("receipts:receipt_detail", "member", MEMBERS),
    Row("receipts:receipt_pdf", "member", MEMBERS),
    Row("receipts:buyer", "member", OWNER, OWNER),
    Row("receipts:statement", "member", MEMBERS),
    Row("receipts:statement_pdf", "member", MEMBERS),
    Row("receipts:statement_export", "member", None, MEMBERS),
    Row("alerts:alert_list", "member", MEMBERS),
    Row("alerts:preferences", "member", MEMBERS, MEMBERS),
    Row("alerts:exemption_new", "member", None, MEMBERS),
    Row("alerts:exemption_removal", "member", None, MEMBERS),
    Row("alerts:inheritance_removal", "member", None, OWNER),
    Row("alerts:delivery_list", "member", MEMBERS),
    Row("alerts:delivery_again", "member", None, MEMBERS),
    Row("alerts:webhook", "member", OWNER, OWNER),
    Row("alerts:webhook_secret", "member", None, OWNER),
    Row("alerts:webhook_trial", "member", None, OWNER),
    Row("alerts:webhook_removal", "member", None, OWNER),
    Row("alerts:unsubscribe", "public", EVERYBODY, EVERYBODY),
    *(
        Row(f"alerts:{role}_{name}", "platform", *who)
        for role, holder in (("billing_admin", BILLING), ("product_reviewer", REVIEWER), ("operator", OPERATOR))
        for name, who in {
            "alert_list": (holder,),
            "delivery_list": (holder,),
            "delivery_again": (None, holder),
            "preferences": (holder, holder),
            "exemption_new": (None, holder),
            "exemption_removal": (None, holder),
        }.items()
    ),
    Row("feedback:queue", "platform", REVIEWER),
    Row("feedback:act", "platform", None, REVIEWER),
    Row("feedback:undo", "platform", None, REVIEWER),
    Row("feedback:suggestions", "platform", REVIEWER, REVIEWER),
    Row("feedback:sources", "platform", REVIEWER, REVIEWER),
    Row("feedback:insight", "platform", REVIEWER),
    Row("feedback:export", "platform", None, REVIEWER),
    Row("feedback:goodwill_list", "platform", BILLING),
    Row("feedback:goodwill_settled", "platform", None, BILLING),
    Row("feedback:own_list", "member", MEMBERS),
    Row("feedback:item", "platform", REVIEWER),
    Row("feedback:hold", "platform", None, REVIEWER),
    Row("feedback:note", "platform", None, REVIEWER),
    Row("feedback:answer", "platform", None, REVIEWER),
    Row("feedback:proof", "platform", None, REVIEWER),
    Row("feedback:split", "platform", None, REVIEWER),
    Row("feedback:tracker", "platform", None, REVIEWER),
    Row("feedback:goodwill", "platform", None, REVIEWER),
    Row("feedback:issue_text", "platform", None, REVIEWER),
    Row("feedback:erase", "platform", None, REVIEWER),
    Row("billing:desk", "platform", BILLING),
    Row("billing:statement", "platform", BILLING),
    Row("billing:dispute_list", "platform", BILLING),
    Row("billing:dispute_detail", "platform", BILLING, BILLING),
    Row("billing:dispute_submit", "platform", None, BILLING),
    Row("billing:dispute_pdf", "platform", BILLING),
    Row("billing:statement_export", "platform", None, BILLING),
    Row("billing:refund_list", "platform", BILLING),
    Row("billing:refund_of", "platform", BILLING),
    Row("billing:refund_detail", "platform", BILLING),
    Row("billing:refund_new", "platform", BILLING, BILLING),
    Row("billing:stripe_webhook", "public", None, EVERYBODY),
    Row("api:claim_request", "public", EVERYBODY, EVERYBODY),
    Row("api:claim_confirmation", "public", None, EVERYBODY),
    Row("api:claim_release", "public", None, EVERYBODY),
    Row("local:sign_in", "public", EVERYBODY, EVERYBODY),
    Row("local:components", "public", EVERYBODY),
)
