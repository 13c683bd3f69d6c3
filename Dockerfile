# The portal's image (target portal) and amlocal's, which adds the scoring environment (target amlocal).
FROM node:22-slim AS browser
WORKDIR /srv/portolan
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev
COPY build.mjs ./
COPY templates templates
COPY portal portal
RUN node build.mjs

FROM python:3.12-slim AS portal
RUN useradd --create-home --uid 10001 portolan \
    && mkdir -p /srv/portolan/var /srv/amlocal/tls \
    && chown -R portolan /srv/portolan /srv/amlocal
WORKDIR /srv/portolan
ENV PATH=/srv/portolan/.venv/bin:$PATH PYTHONUNBUFFERED=1 PORTAL_HOME=/srv/portolan/var
COPY requirements/portal.txt requirements/
RUN python -m venv .venv && pip install --no-cache-dir --require-hashes -r requirements/portal.txt
COPY . .
COPY --from=browser /srv/portolan/node_modules/.portolan node_modules/.portolan
COPY --from=browser /srv/portolan/node_modules/@tabler/core/dist node_modules/@tabler/core/dist
COPY --from=browser /srv/portolan/node_modules/@fontsource-variable node_modules/@fontsource-variable
RUN pybabel --quiet compile --directory=locale --domain=django
USER portolan
EXPOSE 8000

FROM portal AS amlocal
USER root
RUN python -m venv .venv-scoring \
    && .venv-scoring/bin/pip install --no-cache-dir --require-hashes -r requirements/scoring.txt
USER portolan
EXPOSE 8443
