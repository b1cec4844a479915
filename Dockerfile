# One source, two images: `client` submits, watches and fetches, without torch; `worker` trains.
#   docker build --target client .
#   docker build --target worker --build-arg TORCH_SPEC='torch==2.13.0' .
# TORCH_SPEC goes to pip as it is, so it may also name another index, for instance one of CPU builds.

FROM python:3.11-slim AS base
ENV PATH=/opt/curvegan/bin:$PATH \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PYTHONUNBUFFERED=1 \
    CURVEGAN_HOME=/var/lib/curvegan \
    MPLCONFIGDIR=/tmp/matplotlib
RUN groupadd --gid 10001 curvegan \
 && useradd --uid 10001 --gid curvegan --home-dir /var/lib/curvegan --create-home --shell /usr/sbin/nologin curvegan \
 && chmod 0700 /var/lib/curvegan
RUN python -m venv /opt/curvegan
WORKDIR /build
# The dependencies change seldom and the sources often: a layer each.
COPY pyproject.toml constraints.txt ./
RUN python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' \
      > dependencies.txt \
 && grep -v '^torch==' constraints.txt > constraints-without-torch.txt \
 && pip install -c constraints.txt -r dependencies.txt

FROM base AS wheel
RUN pip install -c constraints.txt hatchling
COPY README.md LICENSE ./
COPY curvegan curvegan
COPY db db
COPY worker worker
COPY cli cli
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheel .

FROM base AS client
COPY --from=wheel /wheel /wheel
RUN pip install --no-deps /wheel/*.whl
WORKDIR /var/lib/curvegan
USER 10001:10001
ENTRYPOINT ["curvegan"]
CMD ["--help"]

FROM base AS worker
ARG TORCH_SPEC="torch==2.13.0"
RUN pip install -c constraints-without-torch.txt ${TORCH_SPEC}
COPY --from=wheel /wheel /wheel
RUN pip install --no-deps /wheel/*.whl
WORKDIR /var/lib/curvegan
USER 10001:10001
ENTRYPOINT ["curvegan"]
CMD ["worker"]
