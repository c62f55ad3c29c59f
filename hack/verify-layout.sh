#!/usr/bin/env bash
# Fails when a hand-written Go file has over 500 lines or no licence header, or when kube-scheduler links a package that it must not.
set -euo pipefail
cd "$(dirname "$0")/.."

status=0
while IFS= read -r file; do
  lines=$(wc -l <"$file")
  if ((lines > 500)); then
    echo "verify: $file has $lines lines; split it by concern (500 at most)" >&2
    status=1
  fi
  if ! head -n 3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0'; then
    echo "verify: $file lacks the licence header of hack/boilerplate.go.txt" >&2
    status=1
  fi
done < <(git ls-files --cached --others --exclude-standard '*.go' | grep -v zz_generated)

deps=$(go list -deps ./cmd/scheduler)
if banned=$(grep -E '^github.com/tollgate-dev/tollgate/pkg/(controller|issuance|cli|sandbox|simulator|demo)(/|$)|^github.com/(mholt/acmez|letsencrypt)/|^sigs.k8s.io/kustomize/' <<<"$deps"); then
  echo "verify: kube-scheduler must not link:" $banned >&2
  status=1
fi
for pure in costmodel declare tlsready pricing; do
  deps=$(go list -deps ./pkg/$pure)
  if banned=$(grep -E '^k8s.io/client-go/(kubernetes|informers|rest)$|^sigs.k8s.io/controller-runtime' <<<"$deps"); then
    echo "verify: pkg/$pure must stay pure, but links:" $banned >&2
    status=1
  fi
done
exit $status
