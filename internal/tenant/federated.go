package tenant

// Federated reports whether the organisation's people prove themselves at its
// own sign-in.
func (t Tenant) Federated() bool { return t.Upstream != nil && t.Upstream.State == UpstreamActive }
