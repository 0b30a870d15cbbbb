# The hosted server; without a command but with --interactive, the server over standard input.
# Build: docker build --tag flodesk-mcp . Run: see docs/deployment.md, and deploy/compose.yaml.
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src src
COPY skills skills
RUN python -m venv /opt/flodesk-mcp \
    && /opt/flodesk-mcp/bin/pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt '.[hosted]'

FROM python:3.13-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/flodesk-mcp flodesk-mcp
COPY --from=build /opt/flodesk-mcp /opt/flodesk-mcp
ENV PATH=/opt/flodesk-mcp/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    FLODESK_DATA_DIR=/var/lib/flodesk-mcp \
    FLODESK_HOST=0.0.0.0 \
    FLODESK_PORT=8000 \
    FLODESK_LOG_FORMAT=json \
    FLODESK_DATABASE_URL=sqlite:////var/lib/flodesk-mcp/state.sqlite3
USER 10001
WORKDIR /var/lib/flodesk-mcp
VOLUME /var/lib/flodesk-mcp
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ['FLODESK_PORT']}/healthz\", timeout=4)"]
# Without FLODESK_AUTH it refuses to start: it listens on every address.
ENTRYPOINT ["flodesk-mcp"]
CMD ["serve"]
