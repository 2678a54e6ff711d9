"""MSAL Python, unmodified."""
import msal
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from judge import (APP, ASSERTION, BACKEND, BACKEND_SECRET, CERTIFICATE_APP, CERTIFICATE_FILE, CUSTOMER, GRAPH, ORIGIN, PARTNER_CENTER, PUBLIC_APP, SECRET, TENANT,
                   approve, claims, client, flow, sign_in)

REDIRECT = "http://localhost:8400/"


def at(tenant):
    return f"{ORIGIN}/{tenant}"


def confidential(app=APP, credential=SECRET, tenant=TENANT):
    return msal.ConfidentialClientApplication(app, authority=at(tenant), client_credential=credential, instance_discovery=False)


def got(answer):
    assert "access_token" in answer, answer
    return claims(answer["access_token"])


client("msal")


@flow("client secret: its own token, at home and at a customer")
def _():
    assert got(confidential().acquire_token_for_client([GRAPH + "/.default"]))["tid"] == TENANT
    assert got(confidential(tenant=CUSTOMER).acquire_token_for_client([GRAPH + "/.default"]))["tid"] == CUSTOMER


@flow("client certificate: its own token")
def _():
    with open(CERTIFICATE_FILE, encoding="ascii") as file:
        pem = file.read()
    certificate = x509.load_pem_x509_certificate(pem.encode())
    credential = {"private_key": pem[pem.index("-----BEGIN PRIVATE KEY-----"):], "thumbprint": certificate.fingerprint(hashes.SHA1()).hex(), "public_certificate": pem}
    assert got(confidential(CERTIFICATE_APP, credential).acquire_token_for_client([GRAPH + "/.default"]))["appidacr"] == "2"


@flow("client secret: a wrong one is told as invalid_client with its number")
def _():
    answer = confidential(credential="not-the-secret").acquire_token_for_client([GRAPH + "/.default"])
    assert answer["error"] == "invalid_client" and 7000215 in answer["error_codes"], answer


@flow("code flow with PKCE; silent for a second resource; refresh token kept elsewhere; at a customer")
def _():
    app = confidential()
    begun = app.initiate_auth_code_flow([GRAPH + "/.default"], redirect_uri=REDIRECT)
    first = app.acquire_token_by_auth_code_flow(begun, sign_in(begun["auth_uri"], REDIRECT))
    assert got(first)["upn"] == "ada@northwind.example" and first["id_token_claims"]["tid"] == TENANT, first
    account, = app.get_accounts()
    second = app.acquire_token_silent([PARTNER_CENTER + "/.default"], account=account)
    assert got(second)["aud"] == PARTNER_CENTER and "mfa" in got(second)["amr"], second
    kept = first["refresh_token"]
    assert got(confidential().acquire_token_by_refresh_token(kept, [GRAPH + "/.default"]))["tid"] == TENANT
    assert got(confidential(tenant=CUSTOMER).acquire_token_by_refresh_token(kept, [GRAPH + "/.default"]))["tid"] == CUSTOMER


@flow("on behalf of the person who called a service")
def _():
    answer = confidential(BACKEND, BACKEND_SECRET).acquire_token_on_behalf_of(ASSERTION, [GRAPH + "/User.Read"])
    assert got(answer)["appid"] == BACKEND and got(answer)["upn"] == "ada@northwind.example", answer


@flow("public client: device code")
def _():
    app = msal.PublicClientApplication(PUBLIC_APP, authority=at(TENANT), instance_discovery=False)
    begun = app.initiate_device_flow(["User.Read"])
    assert "user_code" in begun, begun
    approve(begun["verification_uri"], begun["user_code"])
    assert got(app.acquire_token_by_device_flow(begun))["upn"] == "ada@northwind.example"
