// A foreign OpenID Connect provider for the tests of the company sign-in. It
// prints its issuer on one line and lives until its standard input ends, so
// that no test can leave it behind.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const [clientID, clientSecret, redirectURI] = process.argv.slice(2);
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: clientID,
      client_secret: clientSecret,
      redirect_uris: [redirectURI],
      response_types: ['code'],
      grant_types: ['authorization_code'],
    }],
    claims: { openid: ['sub'], profile: ['name', 'given_name', 'family_name', 'preferred_username', 'locale'], email: ['email', 'email_verified'] },
    findAccount: (_, sub) => ({
      accountId: sub,
      claims: () => ({
        sub, name: 'Anna Virtanen', given_name: 'Anna', family_name: 'Virtanen', locale: 'fi',
        preferred_username: `${sub}@contoso.example`, email: `${sub}@contoso.example`, email_verified: true,
      }),
    }),
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true } },
    cookies: { keys: ['a key of the test'] },
    ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Interaction: 600, Session: 600, Grant: 600 },
  });
  server.on('request', provider.callback());
  process.stdout.write(`${issuer}\n`);
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
