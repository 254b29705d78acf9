# One image for worker, starter and the command line; the command chooses. The simulators have an image of their own.
FROM node:24.21.0-bookworm-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6 AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --workspaces=false --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/sbom.mjs ./scripts/
COPY src ./src
RUN node node_modules/typescript/bin/tsc -p tsconfig.build.json \
 && node dist/process/build-workflow-bundle.js \
 && node scripts/sbom.mjs \
 && npm prune --workspaces=false --omit=dev --no-audit --no-fund

FROM node:24.21.0-bookworm-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6
# What threads free goes back to the system, and the young generation stays small: docs/performance.md says what it saves and costs.
ENV NODE_ENV=production TZ=UTC NODE_OPTIONS="--enable-source-maps --max-semi-space-size=8" MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=131072
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json ./
COPY migrations ./migrations
COPY public ./public
USER node
# Node itself is the first process: npm would swallow SIGTERM, and running deals would not be handed on.
ENTRYPOINT ["node"]
CMD ["dist/worker.js"]
