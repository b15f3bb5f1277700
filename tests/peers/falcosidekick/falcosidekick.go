//go:build peers

// Names what go.mod pins, so that `go mod tidy -tags peers` keeps it.
package falcosidekick

import _ "github.com/falcosecurity/falcosidekick"
