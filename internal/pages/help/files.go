package help

import "embed"

// Files are the templates and the words of the room.
//
//go:embed templates/*.html words/*.json
var Files embed.FS
