# One image for worker, api and the one-shot commands. Postgres and Temporal are other containers: no engines here.
FROM node:20.20.2-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev
COPY . .
RUN npm run build

FROM node:20.20.2-bookworm-slim
ENV NODE_ENV=production
ENV MAJORDOMO_HOME=/var/lib/majordomo
WORKDIR /app
COPY --from=build /app ./
RUN mkdir -m 0700 /var/lib/majordomo && chown node:node /var/lib/majordomo
USER node
EXPOSE 7780
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.MAJORDOMO_PORT || 7780) + '/api/v1/live').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--import", "tsx", "workers/api.ts"]
