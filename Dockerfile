# Five images from one file, which share stages: `s3` (S3Proxy), `api` (the HTTP API, without
# Java and Spark), `spark` (Spark's master and workers), `pinlake` (every command) and `airflow` (every command, and
# Airflow). docker-compose.yml builds and runs them.
ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm
ARG UV_IMAGE=ghcr.io/astral-sh/uv:0.13.9

FROM ${UV_IMAGE} AS uv

FROM ${PYTHON_IMAGE} AS base
# hadolint ignore=DL3008 # Debian has only the newest build of a package, so a pinned one would soon be missing.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --home-dir /home/pinlake --create-home pinlake \
    && install --directory --owner=pinlake --group=pinlake \
        /var/lib/pinlake /var/lib/s3 /var/lib/spark /var/lib/airflow /var/lib/airflow/logs
ENV LANG=C.UTF-8 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1

# Java 17 is the version of the tests and of Debian 12.
FROM base AS java
# hadolint ignore=DL3008 # as above
RUN apt-get update \
    && apt-get install --yes --no-install-recommends openjdk-17-jre-headless \
    && rm -rf /var/lib/apt/lists/*

# Packages change less often than code, so they have their own stages, which depend only on the lock.
FROM base AS locked
COPY --from=uv /uv /usr/local/bin/uv
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /app
COPY pyproject.toml uv.lock ./

FROM locked AS packages
RUN --mount=type=cache,target=/root/.cache/uv uv sync --locked --no-default-groups --no-install-project

FROM locked AS api-packages
RUN --mount=type=cache,target=/root/.cache/uv uv sync --locked --only-group api

FROM java AS spark
COPY --from=packages /app/.venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH
WORKDIR /var/lib/spark
USER 1000:1000
CMD ["spark-class", "org.apache.spark.deploy.master.Master"]

# Jars, each verified by the SHA-256 in jars.lock, and the archive of Spark's classes. Only the code that fetches
# and archives is copied, so that no other change makes this stage run again.
FROM spark AS jars
# hadolint ignore=DL3002 # No image is made of this stage.
USER 0
WORKDIR /app
COPY foundation/__init__.py foundation/errors.py foundation/setting_names.py foundation/settings.py ./foundation/
COPY foundation/java/__init__.py foundation/java/jars.py foundation/java/jars.lock foundation/java/maven.py \
    ./foundation/java/
COPY lakehouse/__init__.py ./lakehouse/
COPY lakehouse/spark/__init__.py lakehouse/spark/class_data_sharing.py ./lakehouse/spark/
COPY lakehouse/spark/log_store/__init__.py lakehouse/spark/log_store/log_store.jar ./lakehouse/spark/log_store/
COPY lakehouse/spark/cleaning_functions/__init__.py lakehouse/spark/cleaning_functions/cleaning_functions.jar \
    ./lakehouse/spark/cleaning_functions/
COPY scripts/fetch_image_jars.py ./scripts/
RUN PYTHONPATH=/app PINLAKE_CACHE=/opt/pinlake python scripts/fetch_image_jars.py /opt/s3proxy

FROM java AS s3
COPY --from=jars /opt/s3proxy /opt/s3proxy
COPY local_stack/s3proxy_logback.xml /opt/s3proxy/logback.xml
USER 1000:1000
EXPOSE 9000
ENTRYPOINT ["java", "-XX:MaxRAMPercentage=60", "-XX:+ExitOnOutOfMemoryError", \
    "-Dlogback.configurationFile=/opt/s3proxy/logback.xml", "-cp", "/opt/s3proxy/*", "org.gaul.s3proxy.Main"]
CMD ["--properties", "/etc/s3proxy.properties"]

# A build does not contain the git repository. Without `--build-arg REVISION=$(git rev-parse HEAD)`, commits of tables
# name only the version of the package.
FROM base AS code
ARG REVISION=""
WORKDIR /app
COPY pyproject.toml uv.lock README.md LICENSE hatch_build.py ./
COPY pinlake ./pinlake
COPY foundation ./foundation
COPY ingestion ./ingestion
COPY lakehouse ./lakehouse
COPY local_stack ./local_stack
COPY expectations ./expectations
COPY orchestration ./orchestration
COPY sample_data ./sample_data
# Otherwise every command would compile its imports at every start.
RUN printf '%s' "$REVISION" > pinlake/REVISION && python -m compileall -q .

FROM base AS api
COPY --from=api-packages /app/.venv /app/.venv
COPY --from=code /app /app
ENV PATH=/app/.venv/bin:$PATH PYTHONPATH=/app PINLAKE_HOME=/var/lib/pinlake
WORKDIR /var/lib/pinlake
USER 1000:1000
EXPOSE 8000
CMD ["python", "-m", "pinlake", "serve"]

FROM spark AS pinlake
# hadolint ignore=DL3002 # The last user is 1000.
USER 0
COPY --from=jars /opt/pinlake /opt/pinlake
COPY --from=jars /app/.venv/pinlake-*.jsa /app/.venv/
COPY --from=code /app /app
# The class archive is valid only for the jars that it was made with.
COPY --from=jars /app/lakehouse/spark/log_store/log_store.jar /app/lakehouse/spark/log_store/
COPY --from=jars /app/lakehouse/spark/cleaning_functions/cleaning_functions.jar /app/lakehouse/spark/cleaning_functions/
WORKDIR /app
RUN --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv --mount=type=cache,target=/root/.cache/uv \
    UV_LINK_MODE=copy uv sync --locked --no-default-groups
ENV PINLAKE_CACHE=/opt/pinlake PINLAKE_HOME=/var/lib/pinlake
WORKDIR /var/lib/pinlake
USER 1000:1000
CMD ["pinlake", "--help"]

FROM pinlake AS airflow
# hadolint ignore=DL3002 # The last user is 1000.
USER 0
WORKDIR /app
RUN --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv --mount=type=cache,target=/root/.cache/uv \
    UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy uv sync --locked --no-default-groups --group airflow
ENV AIRFLOW_HOME=/var/lib/airflow
WORKDIR /var/lib/airflow
USER 1000:1000
CMD ["airflow", "version"]
