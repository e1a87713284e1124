from django.urls import path

from dashboard.credits import receipt_views as views

app_name = "receipts"
urlpatterns = [
    path("w/<slug:workspace_key>/receipts/", views.receipt_list, name="receipt_list"),
    path("w/<slug:workspace_key>/receipts/export/", views.receipt_export, name="receipt_export"),
    path("w/<slug:workspace_key>/receipts/buyer/", views.buyer, name="buyer"),
    path("w/<slug:workspace_key>/receipts/statement/", views.statement, name="statement"),
    path("w/<slug:workspace_key>/receipts/statement/pdf/", views.statement_pdf, name="statement_pdf"),
    path("w/<slug:workspace_key>/receipts/statement/export/", views.statement_export, name="statement_export"),
    path("w/<slug:workspace_key>/receipts/<uuid:receipt_key>/", views.receipt_detail, name="receipt_detail"),
    path("w/<slug:workspace_key>/receipts/<uuid:receipt_key>/pdf/", views.receipt_pdf, name="receipt_pdf"),
]
