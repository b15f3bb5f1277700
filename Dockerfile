# Falconer in an image: built from Debian 12's packages, run with nothing but its runtime packages,
# as nobody in particular. scripts/release.sh makes such an image without a container engine, of essential and runtime packages alone.
FROM debian:12 AS build
WORKDIR /src
COPY scripts/lib/packages.sh scripts/lib/packages.sh
RUN scripts/lib/packages.sh install build node
COPY . .
# What this image will be called where it is pulled from: it also runs beside Falco in clusters. Empty: ghcr.io/gardener/falconer and the version.
ARG FALCONER_IMAGE=""
RUN scripts/lib/build.sh release falconer && strip build/release/falconer
# Where Falco's rules come from (docs/operations.md). Empty: from nowhere, the image gets what is in config/rules.
ARG RULES_FROM=""
ARG RULES_VERSIONS="3.2.0 4.0.0 5.0.0 5.1.0"
ARG RULES_DIGESTS=""
RUN scripts/lib/image-rules.sh build/release/falconer /rules

FROM debian:12-slim
COPY scripts/lib/packages.sh /tmp/packages.sh
RUN /tmp/packages.sh install runtime && rm -rf /tmp/packages.sh /var/lib/apt/lists/*
COPY --from=build /src/build/release/falconer /usr/local/bin/falconer
COPY --from=build /rules /usr/share/falconer/rules
USER 65532:65532
# events, metrics, health, admission
EXPOSE 3200 8080 8081 10250
ENTRYPOINT ["/usr/local/bin/falconer"]
CMD ["serve", "--config", "/etc/falconer/falconer.yaml"]
