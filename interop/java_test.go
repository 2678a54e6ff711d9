package interop_test

import (
	"os/exec"
	"path/filepath"
	"testing"
)

func javaProgram(class string) program {
	return program{
		folder: "java", installed: "target/lib", install: "mvn -q -B -f interop/java package",
		command: []string{"java", "-cp", "target/classes:target/lib/*", "example." + class}, env: javaTrust,
	}
}

// javaTrust makes a trust store of the world's certificate: Java reads no PEM.
func javaTrust(t *testing.T, folder string) []string {
	t.Helper()
	store := filepath.Join(folder, "trust.p12")
	made, err := exec.Command("keytool", "-importcert", "-noprompt", "-alias", "world", "-file", filepath.Join(folder, "world.pem"),
		"-keystore", store, "-storetype", "PKCS12", "-storepass", "changeit").CombinedOutput()
	if err != nil {
		t.Fatalf("make a trust store: %v: %s", err, made)
	}
	return []string{"JAVA_TOOL_OPTIONS=-Djavax.net.ssl.trustStore=" + store + " -Djavax.net.ssl.trustStorePassword=changeit"}
}

func TestMSAL4JWorksHere(t *testing.T) { judge(t, javaProgram("Msal4j")) }

func TestTheClientOfTheJavaSamplesWorksHere(t *testing.T) { judge(t, javaProgram("Adal4j")) }
