package example;

import static example.Judge.*;

import com.microsoft.aad.msal4j.*;
import com.nimbusds.jose.util.JSONObjectUtils;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;

/** MSAL4J, unmodified. */
final class Msal4j {
  private static final Set<String> GRAPH_ALL = Set.of(GRAPH + "/.default");

  private Msal4j() {}

  private static String at(String tenant) {
    return ORIGIN + "/" + tenant + "/";
  }

  private static ConfidentialClientApplication confidential(String app, IClientCredential credential, String tenant) throws Exception {
    return ConfidentialClientApplication.builder(app, credential).authority(at(tenant)).instanceDiscovery(false).build();
  }

  private static IClientCredential secret() {
    return ClientCredentialFactory.createFromSecret(SECRET);
  }

  private static Map<String, Object> own(ConfidentialClientApplication app) throws Exception {
    return claims(app.acquireToken(ClientCredentialParameters.builder(GRAPH_ALL).build()).get().accessToken());
  }

  public static void main(String[] arguments) throws Exception {
    client("msal4j", ConfidentialClientApplication.class);
    flow("client secret: its own token, at home and at a customer", () -> {
      check(own(confidential(APP, secret(), TENANT)).get("tid").equals(TENANT), "home");
      check(own(confidential(APP, secret(), CUSTOMER)).get("tid").equals(CUSTOMER), "customer");
    });
    flow("client certificate: its own token", () -> {
      PrivateKey key = KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(der("PRIVATE KEY")));
      X509Certificate certificate =
          (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der("CERTIFICATE")));
      Map<String, Object> got = own(confidential(CERTIFICATE_APP, ClientCredentialFactory.createFromCertificate(key, certificate), TENANT));
      check("2".equals(got.get("appidacr")), got);
    });
    flow("client secret: a wrong one is told as invalid_client with its number", () -> {
      try {
        own(confidential(APP, ClientCredentialFactory.createFromSecret("not-the-secret"), TENANT));
        check(false, "it was not refused");
      } catch (ExecutionException failure) {
        MsalServiceException told = (MsalServiceException) failure.getCause();
        check("invalid_client".equals(told.errorCode()) && told.getMessage().contains("7000215"), told);
      }
    });
    flow("code; silent from the cache; the refresh token, for a second resource and at a customer", () -> {
      ConfidentialClientApplication app = confidential(APP, secret(), TENANT);
      String address = app.getAuthorizationRequestUrl(
          AuthorizationRequestUrlParameters.builder(REDIRECT, GRAPH_ALL).responseMode(ResponseMode.QUERY).state("there").build()).toString();
      Map<String, Object> answer = signIn(address);
      IAuthenticationResult first = app.acquireToken(
          AuthorizationCodeParameters.builder((String) answer.get("code"), new URI(REDIRECT)).scopes(GRAPH_ALL).build()).get();
      check(first.account().username().equals("ada@northwind.example"), first.account());
      IAuthenticationResult cached = app.acquireTokenSilently(SilentParameters.builder(GRAPH_ALL, first.account()).build()).get();
      check(cached.accessToken().equals(first.accessToken()), "not from the cache");
      // A silent call that has to go to the authority drops its port, so the
      // refresh token is handed over as samples keep it.
      String kept = refreshToken(app.tokenCache().serialize());
      Map<String, Object> second = claims(app.acquireToken(
          RefreshTokenParameters.builder(Set.of(PARTNER_CENTER + "/.default"), kept).build()).get().accessToken());
      check(PARTNER_CENTER.equals(second.get("aud")) && ((List<?>) second.get("amr")).contains("mfa"), second);
      Map<String, Object> there = claims(confidential(APP, secret(), CUSTOMER).acquireToken(
          RefreshTokenParameters.builder(GRAPH_ALL, kept).build()).get().accessToken());
      check(there.get("tid").equals(CUSTOMER), there);
    }, "a silent call that has to go to the authority drops its port: it needs port 443");
    flow("on behalf of the person who called a service", () -> {
      IAuthenticationResult got = confidential(BACKEND, ClientCredentialFactory.createFromSecret(BACKEND_SECRET), TENANT).acquireToken(
          OnBehalfOfParameters.builder(Set.of(GRAPH + "/User.Read"), new UserAssertion(ASSERTION)).build()).get();
      check("ada@northwind.example".equals(claims(got.accessToken()).get("upn")), claims(got.accessToken()));
    });
    flow("public client: device code", () -> {
      PublicClientApplication app = PublicClientApplication.builder(PUBLIC_APP).authority(at(TENANT)).instanceDiscovery(false).build();
      IAuthenticationResult got = app.acquireToken(DeviceCodeFlowParameters.builder(Set.of("User.Read"),
          code -> approve(code.verificationUri(), code.userCode())).build()).get();
      check(got.account().username().equals("ada@northwind.example"), got.account());
    });
    System.exit(0);
  }

  private static String refreshToken(String cache) throws Exception {
    Map<?, ?> kept = (Map<?, ?>) JSONObjectUtils.parse(cache).get("RefreshToken");
    return (String) ((Map<?, ?>) kept.values().iterator().next()).get("secret");
  }
}
