"""WSGI entry: `gunicorn sandbox.wsgi:application --threads 8`."""

import os

from django.core.signals import request_started
from django.core.wsgi import get_wsgi_application

# Set, not defaulted: a supervisor of this project's other half hands its own settings down to its children.
os.environ["DJANGO_SETTINGS_MODULE"] = "sandbox.settings"

application = get_wsgi_application()

# After the application, which loads the models; at the first request, so that importing this starts nothing.
from sandbox.stripe_stand_in import courier  # noqa: E402

request_started.connect(courier.ensure)
