#!/usr/bin/env bash
# Makes all generated files. Called by `make generate`, which builds the generators first.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=_output/bin
header=hack/boilerplate.go.txt
module=github.com/tollgate-dev/tollgate

"$bin/controller-gen" object:headerFile=$header paths=./pkg/apis/v1alpha1
"$bin/controller-gen" crd paths=./pkg/apis/v1alpha1 output:crd:dir=config/crd/bases
"$bin/controller-gen" rbac:roleName=tollgate-controller paths='./pkg/controller/...;./cmd/controller' output:rbac:artifacts:config=config/rbac

"$bin/deepcopy-gen" --go-header-file $header --output-file zz_generated.deepcopy.go ./pkg/apis/config ./pkg/apis/config/v1
"$bin/defaulter-gen" --go-header-file $header --output-file zz_generated.defaults.go ./pkg/apis/config/v1
"$bin/conversion-gen" --go-header-file $header --output-file zz_generated.conversion.go ./pkg/apis/config/v1
