# One image for all parts. EXTRAS=web for web server, default worker and scheduler (no torch);
# EXTRAS=web,ml,corpora,layout for the worker of the model queues.
FROM python:3.12-slim

ARG EXTRAS=web
# More arguments for pip, such as an index with CPU builds of torch.
ARG PIP_ARGUMENTS=""

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PATH=/opt/venv/bin:$PATH \
    POLYANNOT_HOME=/var/lib/polyannot \
    STATIC_ROOT=/srv/static

RUN useradd --system --uid 10001 --home-dir /var/lib/polyannot --create-home polyannot \
    && python -m venv /opt/venv

WORKDIR /app
COPY . .
RUN pip install --no-cache-dir ${PIP_ARGUMENTS} -c constraints.txt -e ".[${EXTRAS}]" \
    && SECRET_KEY=not-a-secret-used-only-to-collect-static-files python manage.py collectstatic --noinput

USER polyannot
VOLUME /var/lib/polyannot
EXPOSE 8000
CMD ["python", "-m", "granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--no-ws", "--workers", "2", "--blocking-threads", "4", "--respawn-failed-workers", "--workers-kill-timeout", "10", "--log-level", "warning", "polyannot.wsgi:application"]
