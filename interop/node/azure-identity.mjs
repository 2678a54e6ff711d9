// The Azure SDK's credentials, its Key Vault client and the Graph client,
// unmodified.
import { ClientCertificateCredential, ClientSecretCredential, DeviceCodeCredential, EnvironmentCredential, OnBehalfOfCredential } from "@azure/identity";
import { SecretClient } from "@azure/keyvault-secrets";
import { Client } from "@microsoft/microsoft-graph-client";
import { approve, check, claims, client, finish, flow, refused, world } from "./judge.mjs";

const options = { authorityHost: world.origin, disableInstanceDiscovery: true, additionallyAllowedTenants: ["*"] };
const credential = new ClientSecretCredential(world.tenant, world.app, world.secret, options);
const graphScope = `${world.graph}/.default`;

client("@azure/identity");

await flow("ClientSecretCredential: at home, and at a customer", async () => {
  const home = await credential.getToken(graphScope);
  check(claims(home.token).tid === world.tenant && home.expiresOnTimestamp > Date.now(), claims(home.token));
  const there = await credential.getToken(graphScope, { tenantId: world.customer });
  check(claims(there.token).tid === world.customer, claims(there.token));
});

await flow("ClientCertificateCredential", async () => {
  const got = await new ClientCertificateCredential(world.tenant, world.certificateApp, world.certificateFile, options).getToken(graphScope);
  check(claims(got.token).appidacr === "2", claims(got.token));
});

await flow("EnvironmentCredential: everything from AZURE_ variables, AZURE_AUTHORITY_HOST too", async () => {
  Object.assign(process.env, {
    AZURE_AUTHORITY_HOST: world.origin, AZURE_TENANT_ID: world.tenant, AZURE_CLIENT_ID: world.app, AZURE_CLIENT_SECRET: world.secret,
  });
  const got = await new EnvironmentCredential({ disableInstanceDiscovery: true }).getToken(graphScope);
  check(claims(got.token).appid === world.app, claims(got.token));
});

await flow("DeviceCodeCredential", async () => {
  const got = await new DeviceCodeCredential({
    ...options, tenantId: world.tenant, clientId: world.publicApp,
    userPromptCallback: (said) => { void approve(said.verificationUri, said.userCode); },
  }).getToken(`${world.graph}/User.Read`);
  check(claims(got.token).upn === "ada@northwind.example", claims(got.token));
});

await flow("OnBehalfOfCredential: Graph as the person who called a service", async () => {
  const got = await new OnBehalfOfCredential({
    ...options, tenantId: world.tenant, clientId: world.backend, clientSecret: world.backendSecret, userAssertionToken: world.assertion,
  }).getToken(`${world.graph}/User.Read`);
  check(claims(got.token).upn === "ada@northwind.example", claims(got.token));
});

await flow("a wrong secret is an authentication failure with its number", async () => {
  const failure = await refused(() => new ClientSecretCredential(world.tenant, world.app, "not-the-secret", options).getToken(graphScope));
  check(failure.name.startsWith("Authentication") && failure.message.includes("7000215"), String(failure));
});

client("@azure/keyvault-secrets");

const secrets = new SecretClient(world.origin, credential, { disableChallengeResourceVerification: true });
const elsewhere = "the host is not below vault.azure.net, so disableChallengeResourceVerification is set";

await flow("set, get, update and list", async () => {
  const name = world.customer;
  const set = await secrets.setSecret(name, "one", { contentType: "text/plain", tags: { customer: "Ädatum" } });
  const second = await secrets.setSecret(name, "two");
  const latest = await secrets.getSecret(name);
  check(latest.value === "two" && latest.properties.version === second.properties.version, latest);
  check((await secrets.getSecret(name, { version: set.properties.version })).value === "one", "the first version");
  const changed = await secrets.updateSecretProperties(name, second.properties.version, { contentType: "password" });
  check(changed.contentType === "password", changed);
  const versions = [];
  for await (const v of secrets.listPropertiesOfSecretVersions(name)) versions.push(v.version);
  const names = [];
  for await (const s of secrets.listPropertiesOfSecrets()) names.push(s.name);
  check(versions.length === 2 && names.includes(name), { versions, names });
}, elsewhere);

await flow("delete and recover by the pollers, purge, backup and restore", async () => {
  const name = "polled";
  const before = await secrets.setSecret(name, "kept");
  await (await secrets.beginDeleteSecret(name)).pollUntilDone();
  check((await refused(() => secrets.getSecret(name))).code === "SecretNotFound", "a deleted one is read");
  await (await secrets.beginRecoverDeletedSecret(name)).pollUntilDone();
  const backup = await secrets.backupSecret(name);
  await (await secrets.beginDeleteSecret(name)).pollUntilDone();
  await secrets.purgeDeletedSecret(name);
  await secrets.restoreSecretBackup(backup);
  const after = await secrets.getSecret(name);
  check(after.value === "kept" && after.properties.id === before.properties.id, after);
}, elsewhere);

client("@microsoft/microsoft-graph-client");

const graph = Client.init({
  baseUrl: world.origin, customHosts: new Set([new URL(world.origin).hostname]),
  authProvider: (done) => credential.getToken(graphScope).then((got) => done(null, got.token), (failure) => done(failure, null)),
});

await flow("organization, users with $select, $top and the next link", async () => {
  const organization = await graph.api("/organization").get();
  check(organization.value[0].displayName === "Northwind", organization);
  const first = await graph.api("/users").select("id,userPrincipalName").top(1).get();
  check(first.value.length === 1 && first["@odata.nextLink"], first);
  const second = await graph.api(first["@odata.nextLink"]).get();
  check(second.value[0].id !== first.value[0].id, second);
});

await flow("an unknown user is told as Request_ResourceNotFound", async () => {
  const failure = await refused(() => graph.api("/users/nobody@northwind.example").get());
  check(failure.statusCode === 404 && failure.code === "Request_ResourceNotFound", String(failure));
});

finish();
