//go:build tools

package tools

import (
	_ "github.com/letsencrypt/pebble/v2/cmd/pebble"
	_ "github.com/summerwind/h2spec/cmd/h2spec"
)
