//go:build peers

// Names what go.mod pins, so that `go mod tidy -tags peers` keeps it.
package helm

import _ "helm.sh/helm/v3/cmd/helm"
