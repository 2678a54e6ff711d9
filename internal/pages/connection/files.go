package connection

import "embed"

// Files are the templates and words of these pages.
//
//go:embed templates/*.html words/*.json
var Files embed.FS
