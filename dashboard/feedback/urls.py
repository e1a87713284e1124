from django.urls import path

from dashboard.feedback import desk_views, item_views, own_views, views

app_name = "feedback"
urlpatterns = [
    path("feedback/", views.queue, name="queue"),
    path("feedback/act/", views.act, name="act"),
    path("feedback/undo/", views.undo, name="undo"),
    path("feedback/suggestions/", desk_views.suggestions, name="suggestions"),
    path("feedback/sources/", desk_views.sources, name="sources"),
    path("feedback/insight/", desk_views.insight, name="insight"),
    path("feedback/export/", desk_views.export, name="export"),
    path("feedback/goodwill/", own_views.goodwill_list, name="goodwill_list"),
    path("feedback/goodwill/<int:note_id>/", own_views.goodwill_settled, name="goodwill_settled"),
    path("w/<slug:workspace_key>/feedback/", own_views.own_list, name="own_list"),
    path("feedback/<int:cluster_id>/", item_views.item, name="item"),
    path("feedback/<int:cluster_id>/hold/", item_views.hold, name="hold"),
    path("feedback/<int:cluster_id>/note/", item_views.note, name="note"),
    path("feedback/<int:cluster_id>/answer/", item_views.answer, name="answer"),
    path("feedback/<int:cluster_id>/proof/", item_views.proof, name="proof"),
    path("feedback/<int:cluster_id>/split/", item_views.split, name="split"),
    path("feedback/<int:cluster_id>/tracker/", item_views.tracker, name="tracker"),
    path("feedback/<int:cluster_id>/goodwill/", item_views.goodwill, name="goodwill"),
    path("feedback/<int:cluster_id>/picture/", item_views.picture, name="picture"),
    path("feedback/<int:cluster_id>/issue-text/", item_views.issue_text_file, name="issue_text"),
    path("feedback/<int:cluster_id>/erase/", item_views.erase, name="erase"),
]
