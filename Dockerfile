# One target for each binary:  docker build --target kube-scheduler .
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG TARGETOS TARGETARCH
ARG VERSION=v1.35.8+tollgate.unknown
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ENV CGO_ENABLED=0 GOFLAGS="-buildvcs=false -trimpath"
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    stamp="-s -w -buildid= -X k8s.io/component-base/version.gitVersion=${VERSION} -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=35"; \
    mkdir -p /out && \
    GOOS=$TARGETOS GOARCH=$TARGETARCH go build -ldflags "$stamp" -o /out/kube-scheduler ./cmd/scheduler && \
    GOOS=$TARGETOS GOARCH=$TARGETARCH go build -ldflags "$stamp" -o /out/tollgate-controller ./cmd/controller

FROM --platform=$BUILDPLATFORM golang:1.26 AS dns01-lego-build
ARG TARGETOS TARGETARCH
ARG VERSION=unknown
WORKDIR /src/plugins/dns01-lego
COPY plugins/dns01-lego/go.mod plugins/dns01-lego/go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY plugins/dns01-lego .
ENV CGO_ENABLED=0 GOFLAGS="-buildvcs=false -trimpath"
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    mkdir -p /out && \
    GOOS=$TARGETOS GOARCH=$TARGETARCH go build -ldflags "-s -w -buildid= -X main.version=${VERSION}" -o /out/dns01-lego . && \
    go run ./gen -licenses /out/dns01-lego-licenses.txt

# Static binaries need nothing but the roots that verify ACME servers. (No --platform here: it is the target's.)
FROM scratch AS base
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY LICENSE NOTICE /licenses/
ENV PATH=/usr/local/bin
USER 65532:65532

# Name and path are those of the upstream image, so that kubeadm's command line starts it.
FROM base AS kube-scheduler
COPY --from=build /out/kube-scheduler /usr/local/bin/kube-scheduler
ENTRYPOINT ["kube-scheduler"]

FROM base AS tollgate-controller
COPY --from=build /out/tollgate-controller /usr/local/bin/tollgate-controller
ENTRYPOINT ["tollgate-controller"]

# The controller with the DNS providers of lego, for --dns01-plugin-dir=/plugins. A target of its own keeps 54 MiB out of images that
# need no plugin.
FROM tollgate-controller AS tollgate-controller-lego
COPY --from=dns01-lego-build --chmod=0755 /out/dns01-lego /plugins/dns01-lego
COPY --from=dns01-lego-build /out/dns01-lego-licenses.txt /licenses/
