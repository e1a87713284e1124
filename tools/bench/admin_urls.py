from django.urls import path

from tools.bench.admin import lean, site, usual

urlpatterns = [path("lean/", lean), path("usual/", usual), path("admin/", site.urls)]
