// MSAL Node, unmodified.
import { X509Certificate, createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { ConfidentialClientApplication, CryptoProvider, PublicClientApplication } from "@azure/msal-node";
import { approve, check, claims, client, finish, flow, refused, signIn, world } from "./judge.mjs";

const at = (tenant) => `${world.origin}/${tenant}`;
const known = { authority: at(world.tenant), knownAuthorities: [world.host] };
const scope = (resource) => [`${resource}/.default`];
const redirectUri = "http://localhost:8400/";

client("@azure/msal-node");

const confidential = new ConfidentialClientApplication({ auth: { clientId: world.app, clientSecret: world.secret, ...known } });

await flow("client secret: its own token, at home and at a customer", async () => {
  const home = await confidential.acquireTokenByClientCredential({ scopes: scope(world.graph) });
  check(claims(home.accessToken).tid === world.tenant && claims(home.accessToken).appid === world.app, claims(home.accessToken));
  check(home.expiresOn > new Date(), "an expired token");
  const there = await confidential.acquireTokenByClientCredential({ scopes: scope(world.graph), authority: at(world.customer) });
  check(claims(there.accessToken).tid === world.customer, claims(there.accessToken));
});

await flow("client certificate: its own token, twice with fresh assertions", async () => {
  const pem = readFileSync(world.certificateFile, "utf8");
  const certificate = new X509Certificate(pem);
  const app = new ConfidentialClientApplication({
    auth: {
      clientId: world.certificateApp,
      clientCertificate: {
        thumbprintSha256: createHash("sha256").update(certificate.raw).digest("hex"),
        privateKey: pem.slice(pem.indexOf("-----BEGIN PRIVATE KEY-----")),
      },
      ...known,
    },
  });
  for (const resource of [world.graph, world.partnerCenter]) {
    const got = await app.acquireTokenByClientCredential({ scopes: scope(resource) });
    check(claims(got.accessToken).appidacr === "2", claims(got.accessToken));
  }
});

await flow("client secret: a wrong one is told as invalid_client with its number", async () => {
  const app = new ConfidentialClientApplication({ auth: { clientId: world.app, clientSecret: "not-the-secret", ...known } });
  const failure = await refused(() => app.acquireTokenByClientCredential({ scopes: scope(world.graph) }));
  check(failure.errorCode === "invalid_client" && failure.errorMessage.includes("7000215"), String(failure));
});

let account;
await flow("code with PKCE: account, access token, ID token", async () => {
  const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
  const address = await confidential.getAuthCodeUrl({
    scopes: scope(world.graph), redirectUri, codeChallenge: challenge, codeChallengeMethod: "S256", state: "there and back", responseMode: "query",
  });
  const answer = await signIn(address, redirectUri);
  check(answer.state === "there and back", answer);
  const got = await confidential.acquireTokenByCode({ scopes: scope(world.graph), redirectUri, code: answer.code, codeVerifier: verifier });
  account = got.account;
  check(account.tenantId === world.tenant && account.username === "ada@northwind.example" && got.idTokenClaims.aud === world.app, account);
});

await flow("silent: from the cache, for a second resource, at a customer", async () => {
  const cached = await confidential.acquireTokenSilent({ account, scopes: scope(world.graph) });
  check(cached.fromCache, "not from the cache");
  const second = await confidential.acquireTokenSilent({ account, scopes: scope(world.partnerCenter) });
  check(claims(second.accessToken).aud === world.partnerCenter && claims(second.accessToken).amr.includes("mfa"), claims(second.accessToken));
  // The cache goes by the account's own tenant, so another authority needs to be forced.
  const there = await confidential.acquireTokenSilent({ account, scopes: scope(world.graph), authority: at(world.customer), forceRefresh: true });
  check(claims(there.accessToken).tid === world.customer, claims(there.accessToken));
});

await flow("refresh token: kept elsewhere, redeemed by itself", async () => {
  const cache = JSON.parse(confidential.getTokenCache().serialize());
  const [kept] = Object.values(cache.RefreshToken);
  const fresh = new ConfidentialClientApplication({ auth: { clientId: world.app, clientSecret: world.secret, ...known } });
  const got = await fresh.acquireTokenByRefreshToken({ refreshToken: kept.secret, scopes: scope(world.graph) });
  check(claims(got.accessToken).upn === "ada@northwind.example", claims(got.accessToken));
});

await flow("on behalf of the person who called a service", async () => {
  const backend = new ConfidentialClientApplication({ auth: { clientId: world.backend, clientSecret: world.backendSecret, ...known } });
  const got = await backend.acquireTokenOnBehalfOf({ oboAssertion: world.assertion, scopes: [`${world.graph}/User.Read`] });
  check(claims(got.accessToken).appid === world.backend && claims(got.accessToken).upn === "ada@northwind.example", claims(got.accessToken));
});

const open = new PublicClientApplication({ auth: { clientId: world.publicApp, ...known } });

await flow("public client: interactive in the browser, answered on a loopback port", async () => {
  const got = await open.acquireTokenInteractive({
    scopes: ["User.Read"],
    openBrowser: async (address) => {
      const redirect = new URL(address).searchParams.get("redirect_uri");
      const answer = await signIn(address, redirect);
      // What a browser does with the redirect; the answer is the library's page.
      const form = new URL(address).searchParams.get("response_mode") === "form_post";
      const body = new URLSearchParams(answer);
      await (form ? fetch(redirect, { method: "POST", body }) : fetch(`${redirect}?${body}`));
    },
  });
  check(got.account.username === "ada@northwind.example" && claims(got.accessToken).appidacr === "0", claims(got.accessToken));
});

await flow("public client: device code", async () => {
  const got = await open.acquireTokenByDeviceCode({
    scopes: ["User.Read"],
    deviceCodeCallback: (said) => approve(said.verificationUri, said.userCode),
  });
  check(got.account.username === "ada@northwind.example", got.account);
});

finish();
