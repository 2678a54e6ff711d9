"""The Azure SDK for Python: its credentials and its Key Vault client, unmodified."""
import os

from azure.core.exceptions import ClientAuthenticationError, ResourceNotFoundError
from azure.identity import CertificateCredential, ClientSecretCredential, DeviceCodeCredential, EnvironmentCredential, OnBehalfOfCredential
from azure.keyvault.secrets import SecretClient
from judge import (APP, ASSERTION, BACKEND, BACKEND_SECRET, CERTIFICATE_APP, CERTIFICATE_FILE, CUSTOMER, GRAPH, ORIGIN, PUBLIC_APP, SECRET, TENANT,
                   approve, claims, client, flow)

OPTIONS = {"authority": ORIGIN, "disable_instance_discovery": True}
SCOPE = GRAPH + "/.default"
credential = ClientSecretCredential(TENANT, APP, SECRET, additionally_allowed_tenants=["*"], **OPTIONS)

client("azure-identity")


@flow("ClientSecretCredential: at home, and at a customer")
def _():
    assert claims(credential.get_token(SCOPE).token)["tid"] == TENANT
    assert claims(credential.get_token(SCOPE, tenant_id=CUSTOMER).token)["tid"] == CUSTOMER


@flow("CertificateCredential")
def _():
    got = CertificateCredential(TENANT, CERTIFICATE_APP, CERTIFICATE_FILE, **OPTIONS).get_token(SCOPE)
    assert claims(got.token)["appidacr"] == "2"


@flow("EnvironmentCredential: everything from AZURE_ variables, AZURE_AUTHORITY_HOST too")
def _():
    os.environ.update(AZURE_AUTHORITY_HOST=ORIGIN, AZURE_TENANT_ID=TENANT, AZURE_CLIENT_ID=APP, AZURE_CLIENT_SECRET=SECRET)
    assert claims(EnvironmentCredential(disable_instance_discovery=True).get_token(SCOPE).token)["appid"] == APP


@flow("DeviceCodeCredential")
def _():
    device = DeviceCodeCredential(PUBLIC_APP, tenant_id=TENANT, prompt_callback=lambda uri, code, until: approve(uri, code), **OPTIONS)
    assert claims(device.get_token(GRAPH + "/User.Read").token)["upn"] == "ada@northwind.example"


@flow("OnBehalfOfCredential: Graph as the person who called a service")
def _():
    behalf = OnBehalfOfCredential(TENANT, BACKEND, client_secret=BACKEND_SECRET, user_assertion=ASSERTION, **OPTIONS)
    assert claims(behalf.get_token(GRAPH + "/User.Read").token)["upn"] == "ada@northwind.example"


@flow("a wrong secret is an authentication failure with its number")
def _():
    try:
        ClientSecretCredential(TENANT, APP, "not-the-secret", **OPTIONS).get_token(SCOPE)
    except ClientAuthenticationError as failure:
        assert "7000215" in str(failure), failure
    else:
        raise AssertionError("it was not refused")


client("azure-keyvault-secrets")
secrets = SecretClient(ORIGIN, credential, verify_challenge_resource=False)
ELSEWHERE = "the host is not below vault.azure.net, so verify_challenge_resource is off"


@flow("set, get, update and list", ELSEWHERE)
def _():
    first = secrets.set_secret(CUSTOMER, "one", content_type="text/plain", tags={"customer": "Ädatum"})
    secrets.set_secret(CUSTOMER, "two")
    assert secrets.get_secret(CUSTOMER).value == "two"
    assert secrets.get_secret(CUSTOMER, first.properties.version).value == "one"
    assert secrets.update_secret_properties(CUSTOMER, content_type="password").content_type == "password"
    assert len(list(secrets.list_properties_of_secret_versions(CUSTOMER))) == 2
    assert CUSTOMER in [s.name for s in secrets.list_properties_of_secrets()]


@flow("delete and recover by the pollers, purge, backup and restore", ELSEWHERE)
def _():
    before = secrets.set_secret("polled", "kept")
    secrets.begin_delete_secret("polled").wait()
    try:
        secrets.get_secret("polled")
    except ResourceNotFoundError:
        pass
    else:
        raise AssertionError("a deleted one is read")
    secrets.begin_recover_deleted_secret("polled").wait()
    backup = secrets.backup_secret("polled")
    secrets.begin_delete_secret("polled").wait()
    secrets.purge_deleted_secret("polled")
    secrets.restore_secret_backup(backup)
    after = secrets.get_secret("polled")
    assert (after.value, after.id) == ("kept", before.id), after
