package judges_test

import (
	"os"
	"testing"

	"github.com/entente-id/entente/internal/judges"
)

// ledger takes the verdicts of this package.
var ledger judges.Ledger

func TestMain(m *testing.M) { os.Exit(ledger.Run(m, "judges")) }

// The names under which resources are asked for.
const (
	graph          = "https://graph.microsoft.com"
	partnerCenter  = "https://api.partnercenter.microsoft.com"
	oldGraph       = "https://graph.windows.net"
	assertionKind  = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	adaID          = "b0000000-0000-4000-8000-000000000001"
	graphApp       = "00000003-0000-0000-c000-000000000000"
	unknownTenant  = "99999999-ffff-4999-8999-000000000009"
	unknownProgram = "99999999-aaaa-4999-8999-000000000009"
)
