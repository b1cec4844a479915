# One source, three images: `client` submits, watches and fetches; `dashboard` shows; `worker` trains.
#   docker build --target client .
#   docker build --target dashboard .
#   docker build --target worker .
#   docker build --target worker --build-arg TORCH_SPEC= .      the fused engine alone
# TORCH_SPEC goes to pip as it is, so it may also name another index, for instance one of CPU builds.

# What to install, apart from the rest of pyproject.toml: the layers below are made again only when these lines change.
FROM python:3.11-slim AS dependencies
WORKDIR /project
COPY pyproject.toml constraints.txt ./
RUN python -c 'import tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
      open("/client.txt", "w").write("\n".join(project["dependencies"])); \
      open("/worker.txt", "w").write("\n".join(project["optional-dependencies"]["worker"])); \
      open("/web.txt", "w").write("\n".join(project["optional-dependencies"]["web"]))' \
 && grep -v '^torch==' constraints.txt > /constraints.txt

FROM python:3.11-slim AS base
ENV PATH=/opt/curvegan/bin:$PATH \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_PYTHON=/opt/curvegan/bin/python \
    PYTHONUNBUFFERED=1 \
    CURVEGAN_HOME=/var/lib/curvegan \
    MPLCONFIGDIR=/tmp/matplotlib
RUN groupadd --gid 10001 curvegan \
 && useradd --uid 10001 --gid curvegan --home-dir /var/lib/curvegan --create-home --shell /usr/sbin/nologin curvegan \
 && chmod 0700 /var/lib/curvegan
# pip stays outside. Nothing here runs the packages' own tests, nor compiles against them: a tenth of their size.
RUN python -m venv --without-pip /opt/curvegan \
 && printf '%s\n' '#!/bin/sh' 'find /opt/curvegan/lib -depth -type d -name tests -exec rm -rf {} +' \
      'find /opt/curvegan/lib -type f \( -name "*.pyi" -o -name "*.h" -o -name "*.pxd" -o -name "*.a" \) -delete' > /usr/local/bin/trim \
 # torch has a file in the syntax of a newer Python, which pip, too, leaves uncompiled.
 && printf '%s\n' '#!/bin/sh' 'python -m compileall -q /opt/curvegan/lib || true' > /usr/local/bin/compile-all \
 && chmod +x /usr/local/bin/trim /usr/local/bin/compile-all
WORKDIR /build
COPY --from=dependencies /client.txt /worker.txt /web.txt /constraints.txt ./
RUN pip install --no-compile -c constraints.txt -r client.txt && trim

FROM base AS wheel
RUN pip install -c constraints.txt hatchling
COPY pyproject.toml README.md LICENSE ./
COPY curvegan curvegan
COPY db db
COPY worker worker
COPY cli cli
COPY web web
COPY core core
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheel .

FROM base AS client
COPY --from=wheel /wheel /wheel
RUN pip install --no-deps /wheel/*.whl
# Bytecode of what is used, and no other; and a look whether the image works.
RUN export CURVEGAN_HOME=/tmp/used && curvegan submit --no-worker && curvegan status && curvegan show last \
 && python -c 'import alembic.command, curvegan, kombu.transport.redis, matplotlib.backends.backend_agg, psycopg, sqlalchemy.dialects.postgresql.psycopg' \
 && rm -r /tmp/used
WORKDIR /var/lib/curvegan
USER 10001:10001
ENTRYPOINT ["curvegan"]
CMD ["--help"]

# With the fused engine, by which the theatre replays.
FROM base AS dashboard
RUN pip install -c constraints.txt -r worker.txt -r web.txt && trim && compile-all
COPY --from=wheel /wheel /wheel
RUN pip install --no-deps /wheel/*.whl
RUN python -m curvegan_worker.host.machine_code && chmod -R a+rX /opt/curvegan/share
WORKDIR /var/lib/curvegan
USER 10001:10001
ENTRYPOINT ["curvegan"]
CMD ["dashboard"]

FROM base AS worker
ARG TORCH_SPEC="torch==2.13.0"
RUN pip install -c constraints.txt -r worker.txt ${TORCH_SPEC} && trim && compile-all
COPY --from=wheel /wheel /wheel
RUN pip install --no-deps /wheel/*.whl
# The fused engine's code for this machine's processor. On another one each container compiles when it starts.
RUN python -m curvegan_worker.host.machine_code && chmod -R a+rX /opt/curvegan/share
WORKDIR /var/lib/curvegan
USER 10001:10001
ENTRYPOINT ["curvegan"]
CMD ["worker"]
