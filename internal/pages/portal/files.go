package portal

import "embed"

// Files are the templates and words of these pages, for pages.Options.Rooms.
//
//go:embed templates/*.html words/*.json
var Files embed.FS
