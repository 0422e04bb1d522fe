# The broker as a container, on the Functions host's own image. See docs/container.md.
FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci
COPY host.json tsconfig.json ./
COPY scripts ./scripts
COPY src ./src
RUN npm run package

FROM mcr.microsoft.com/azure-functions/node:4-node24
ENV AzureWebJobsScriptRoot=/home/site/wwwroot \
    AzureFunctionsJobHost__Logging__Console__IsEnabled=true \
    ASPNETCORE_URLS=http://+:8080 \
    REFRESH_SCHEDULE="0 * * * * *"
COPY --from=build --chown=root:root /build/.deploy /home/site/wwwroot
# Any user but root; the port is above 1024 for its sake.
RUN useradd --uid 10001 --create-home --home-dir /home/broker broker
ENV HOME=/home/broker
USER 10001
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD curl --fail --silent --output /dev/null http://localhost:8080/health || exit 1
