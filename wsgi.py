"""The WSGI entry point: `gunicorn wsgi:app`, `flask --app wsgi …`."""

import os
import sys

# Before NumPy is imported: its BLAS would start a thread per core here, ahead of the fork of every
# web worker and every job, and jobs on threads that wait for each other are slower, not faster.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from stocksite import create_app
from stocksite.settings import SettingsError

try:
    app = create_app()
except SettingsError as error:
    sys.exit(f"stocksite cannot start. {error}")
