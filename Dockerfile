# Three images from one file: `s3` (S3Proxy), `pinlake` (every command, and Spark's master and workers), and
# `airflow` (the same with Airflow's packages). docker-compose.yml builds and runs them.

FROM ghcr.io/astral-sh/uv:0.13.9 AS uv

# Java 17 is what the tests run on, and what Debian 12 carries.
FROM python:3.11.14-slim-bookworm AS base
RUN apt-get update \
    && apt-get install --yes --no-install-recommends curl openjdk-17-jre-headless \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --home-dir /home/pinlake --create-home pinlake \
    && install --directory --owner=pinlake --group=pinlake \
        /var/lib/pinlake /var/lib/s3 /var/lib/spark /var/lib/airflow /var/lib/airflow/logs
ENV LANG=C.UTF-8 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1

FROM base AS build
COPY --from=uv /uv /usr/local/bin/uv
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never PATH=/app/.venv/bin:$PATH
WORKDIR /app
# The packages change less often than the code: a layer of their own.
COPY pyproject.toml uv.lock README.md hatch_build.py ./
RUN --mount=type=cache,target=/root/.cache/uv uv sync --locked --no-default-groups --no-install-project
COPY pinlake ./pinlake
COPY ingestion ./ingestion
COPY lakehouse ./lakehouse
COPY local_stack ./local_stack
COPY expectations ./expectations
COPY orchestration ./orchestration
COPY sample_data ./sample_data
# No repository gets into the build. Without `--build-arg REVISION=$(git rev-parse HEAD)` commits name the
# package's version alone.
ARG REVISION=""
RUN printf '%s' "$REVISION" > pinlake/REVISION
RUN --mount=type=cache,target=/root/.cache/uv uv sync --locked --no-default-groups

FROM build AS jars
# Each is checked against the SHA-256 of pinlake/jars.lock. Spark's classes are archived in /app/.venv.
RUN PINLAKE_CACHE=/opt/pinlake pinlake jars spark
RUN PINLAKE_CACHE=/tmp/s3proxy pinlake jars s3proxy \
    && install --directory /opt/s3proxy \
    && find /tmp/s3proxy -name '*.jar' -exec mv --target-directory=/opt/s3proxy {} +

FROM base AS s3
COPY --from=jars /opt/s3proxy /opt/s3proxy
COPY local_stack/s3proxy_logback.xml /opt/s3proxy/logback.xml
USER pinlake
EXPOSE 9000
ENTRYPOINT ["java", "-XX:MaxRAMPercentage=60", "-XX:+ExitOnOutOfMemoryError", \
    "-Dlogback.configurationFile=/opt/s3proxy/logback.xml", "-cp", "/opt/s3proxy/*", "org.gaul.s3proxy.Main"]
CMD ["--properties", "/etc/s3proxy.properties"]

FROM base AS pinlake
COPY --from=jars /opt/pinlake /opt/pinlake
COPY --from=jars /app /app
ENV PATH=/app/.venv/bin:$PATH PINLAKE_CACHE=/opt/pinlake PINLAKE_HOME=/var/lib/pinlake
WORKDIR /var/lib/pinlake
USER pinlake
CMD ["pinlake", "--help"]

FROM pinlake AS airflow
USER root
RUN --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv --mount=type=cache,target=/root/.cache/uv \
    cd /app && UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy uv sync --locked --no-default-groups --group airflow
USER pinlake
ENV AIRFLOW_HOME=/var/lib/airflow
WORKDIR /var/lib/airflow
CMD ["airflow", "version"]
