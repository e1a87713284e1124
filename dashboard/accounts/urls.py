from django.urls import path

from dashboard.accounts import offer_views, operator_views, views

app_name = "accounts"
urlpatterns = [
    path("workspaces/new/", views.workspace_new, name="workspace_new"),
    path("invitation/", offer_views.invitation, name="invitation"),
    path("invitation/<slug:token>/", offer_views.invitation_open, name="invitation_open"),
    path("people/", operator_views.people, name="people"),
    path("people/<slug:workspace_key>/", operator_views.workspace_people, name="workspace_people"),
    path("w/<slug:workspace_key>/settings/", views.settings, name="settings"),
    path("w/<slug:workspace_key>/settings/name/", views.workspace_name, name="workspace_name"),
    path("w/<slug:workspace_key>/settings/members/<int:member_id>/", views.member_role, name="member_role"),
    path(
        "w/<slug:workspace_key>/settings/members/<int:member_id>/removal/", views.member_removal, name="member_removal"
    ),
    path("w/<slug:workspace_key>/settings/leave/", views.member_leave, name="member_leave"),
    path("w/<slug:workspace_key>/settings/invitations/", offer_views.invitation_new, name="invitation_new"),
    path(
        "w/<slug:workspace_key>/settings/invitations/<uuid:key>/again/",
        offer_views.invitation_again,
        name="invitation_again",
    ),
    path(
        "w/<slug:workspace_key>/settings/invitations/<uuid:key>/withdrawal/",
        offer_views.invitation_withdrawal,
        name="invitation_withdrawal",
    ),
    path("w/<slug:workspace_key>/settings/ownership/", offer_views.handover_new, name="handover_new"),
    path(
        "w/<slug:workspace_key>/settings/ownership/acceptance/",
        offer_views.handover_acceptance,
        name="handover_acceptance",
    ),
    path("w/<slug:workspace_key>/settings/ownership/refusal/", offer_views.handover_refusal, name="handover_refusal"),
]
