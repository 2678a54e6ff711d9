package signin

import (
	"github.com/entente-id/entente/internal/audit"
	"github.com/entente-id/entente/internal/fault"
	"github.com/entente-id/entente/internal/id"
)

// About is the circumstance of a refusal: what its page and its story need.
type About struct {
	Tenant, Home           id.Tenant
	Account                id.Object
	Address                string
	App                    id.App
	AppName                string
	Organisation           string
	Step                   string
	Checks                 []string
	CorrelationID, TraceID string
	Language               string
	Scope, Resource        string
	Version                int
	// Restart begins the sign-in again; Back leads to the application.
	Restart, Back string
}

// About is the circumstance of a journey.
func (j Journey) About(step Step) About {
	return About{
		Home: j.Home, Account: j.Account, Address: j.Address, App: j.Request.Client, AppName: j.Request.AppName,
		Step: string(step), Checks: j.Checks, CorrelationID: j.Request.CorrelationID, Restart: j.Request.Restart,
		Scope: j.Request.Scope, Resource: j.Request.Resource, Version: j.Request.Version,
	}
}

// Attempt is the record of a refusal.
func (a About) Attempt(f *fault.Fault, browser string) audit.Attempt {
	return audit.Attempt{
		Tenant: a.Tenant, Home: a.Home, Account: a.Account, Address: a.Address, App: a.App, AppName: a.AppName,
		Step: a.Step, Code: f.Code, Facts: f.Facts, CorrelationID: a.CorrelationID, TraceID: a.TraceID,
		Checks: a.Checks, Browser: browser, Language: a.Language, Scope: a.Scope, Resource: a.Resource, Version: a.Version,
	}
}
