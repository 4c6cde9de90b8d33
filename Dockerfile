# The image holds one static binary and nothing else: no shell, no package manager,
# no certificates (the operator talks to its own API server only, whose CA is mounted).
FROM --platform=$BUILDPLATFORM golang:1.26.8 AS build
ARG TARGETOS TARGETARCH
ARG VERSION=dev
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /scalegate .

FROM scratch
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="scalegate" \
      org.opencontainers.image.description="Holds a model's pods until its safety evidence reaches as far as they serve" \
      org.opencontainers.image.source="https://github.com/scalegate/scalegate" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /scalegate /scalegate
# Numeric, so that a pod with runAsNonRoot is admitted without an /etc/passwd.
USER 65532:65532
ENTRYPOINT ["/scalegate"]
CMD ["manager"]
