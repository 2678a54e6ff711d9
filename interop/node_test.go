package interop_test

import "testing"

func nodeProgram(file string) program {
	return program{
		folder: "node", installed: "../node_modules/@azure/msal-node", install: "npm ci --prefix interop",
		command: []string{"node", file},
	}
}

func TestMSALNodeWorksHere(t *testing.T) { judge(t, nodeProgram("msal-node.mjs")) }

func TestTheAzureSDKForJavaScriptWorksHere(t *testing.T) { judge(t, nodeProgram("azure-identity.mjs")) }
