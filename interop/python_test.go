package interop_test

import "testing"

func pythonProgram(file string) program {
	return program{
		folder: "python", installed: ".venv/bin/python",
		install: "python3 -m venv interop/python/.venv && interop/python/.venv/bin/pip install -r interop/python/requirements.txt",
		command: []string{".venv/bin/python", file},
	}
}

func TestMSALPythonWorksHere(t *testing.T) { judge(t, pythonProgram("msal_flows.py")) }

func TestTheAzureSDKForPythonWorksHere(t *testing.T) { judge(t, pythonProgram("azure_flows.py")) }
