FROM python:3.12-slim AS build
WORKDIR /src
COPY requirements/run.lock requirements/
RUN python -m venv /opt/aftercare && /opt/aftercare/bin/pip install --no-cache-dir --require-hashes -r requirements/run.lock
COPY pyproject.toml README.md CHANGELOG.md ./
COPY scheduler scheduler
COPY templates templates
COPY config config
RUN /opt/aftercare/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.12-slim
RUN useradd --system --uid 10001 --home-dir /aftercare --create-home aftercare \
 && install -d -o aftercare -g aftercare -m 700 /aftercare/var
COPY --from=build /opt/aftercare /opt/aftercare
ENV PATH=/opt/aftercare/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /aftercare
USER 10001
VOLUME /aftercare/var
EXPOSE 8000
ENTRYPOINT ["aftercare"]
CMD ["serve", "--host", "0.0.0.0"]
