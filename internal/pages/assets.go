package pages

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"net/http"
	"path"
	"strings"
)

//go:embed assets/style.css assets/script.js
var assetFiles embed.FS

// asset is one file whose name carries the hash of its content, so that it can
// be kept for ever.
type asset struct {
	address, kind string
	plain, packed []byte
}

type assets struct {
	byName, byAddress map[string]asset
}

func loadAssets() (assets, error) {
	a := assets{byName: map[string]asset{}, byAddress: map[string]asset{}}
	kinds := map[string]string{
		"style.css": "text/css; charset=utf-8",
		"script.js": "text/javascript; charset=utf-8",
	}
	for name, kind := range kinds {
		content, err := assetFiles.ReadFile("assets/" + name)
		if err != nil {
			return assets{}, err
		}
		packed, err := pack(content)
		if err != nil {
			return assets{}, fmt.Errorf("pack %s: %w", name, err)
		}
		sum := sha256.Sum256(content)
		ext := path.Ext(name)
		address := "/assets/" + strings.TrimSuffix(name, ext) + "." + base64.RawURLEncoding.EncodeToString(sum[:9]) + ext
		held := asset{address: address, kind: kind, plain: content, packed: packed}
		a.byName[name], a.byAddress[address] = held, held
	}
	return a, nil
}

func (a assets) address(name string) string { return a.byName[name].address }

// Assets serves /assets/: style and script, under names that carry their hash.
func (p *Pages) Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		held, ok := p.assets.byAddress[r.URL.Path]
		if !ok || (r.Method != http.MethodGet && r.Method != http.MethodHead) {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", held.kind)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Vary", "Accept-Encoding")
		body := held.plain
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			body = held.packed
		}
		h.Set("Content-Length", fmt.Sprint(len(body)))
		if r.Method == http.MethodGet {
			_, _ = w.Write(body) // the reader has left; there is nobody to tell
		}
	})
}

// pack compresses a file once, at start.
func pack(content []byte) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(content); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
