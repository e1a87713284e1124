from django.urls import path

from dashboard.credits import views

app_name = "credits"
urlpatterns = [
    path("w/<slug:workspace_key>/credits/", views.purchase_list, name="purchase_list"),
    path("w/<slug:workspace_key>/credits/buy/", views.purchase_new, name="purchase_new"),
    path("w/<slug:workspace_key>/credits/buy/<remote:remote_id>/", views.purchase_quote, name="purchase_quote"),
    path("w/<slug:workspace_key>/credits/rule/", views.buying_rule, name="buying_rule"),
    path("w/<slug:workspace_key>/credits/<uuid:key>/", views.purchase_detail, name="purchase_detail"),
    path("w/<slug:workspace_key>/credits/<uuid:key>/payment/", views.purchase_payment, name="purchase_payment"),
    path("w/<slug:workspace_key>/credits/<uuid:key>/cancel/", views.purchase_cancellation, name="purchase_cancel"),
]
