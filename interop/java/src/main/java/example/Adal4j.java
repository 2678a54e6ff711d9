package example;

import static example.Judge.*;

import com.microsoft.aad.adal4j.*;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** ADAL4J, unmodified: the client of the official Java samples of the Secure Application Model. */
final class Adal4j {
  private static final ExecutorService WORKERS = Executors.newCachedThreadPool();
  private static final ClientCredential SECRETLY = new ClientCredential(APP, SECRET);

  private Adal4j() {}

  private static AuthenticationContext at(String tenant, boolean validate) throws Exception {
    return new AuthenticationContext(ORIGIN + "/" + tenant, validate, WORKERS);
  }

  public static void main(String[] arguments) throws Exception {
    client("adal4j", AuthenticationContext.class);
    flow("instance discovery on our own host, then the app's own token", () -> {
      AuthenticationResult got = at(TENANT, true).acquireToken(PARTNER_CENTER, SECRETLY, null).get();
      check(claims(got.getAccessToken()).get("appid").equals(APP), claims(got.getAccessToken()));
    });
    String[] kept = new String[1];
    flow("the consent of the samples: code at /common without a resource, with nonce and ID token", () -> {
      String address = ORIGIN + "/common/oauth2/authorize?response_type=code&scope=openid&response_mode=form_post&client_id=" + APP
          + "&redirect_uri=" + URLEncoder.encode(REDIRECT, StandardCharsets.UTF_8) + "&state=s&nonce=n-1&amr_values=mfa";
      Map<String, Object> answer = signIn(address);
      check(!answer.containsKey("id_token") && "s".equals(answer.get("state")), answer);
      AuthenticationResult got = at("common", true).acquireTokenByAuthorizationCode(
          (String) answer.get("code"), new URI(REDIRECT), SECRETLY, null, null).get();
      Map<String, Object> who = claims(got.getIdToken());
      check("n-1".equals(who.get("nonce")) && TENANT.equals(who.get("tid")), who);
      kept[0] = got.getRefreshToken();
    });
    flow("the kept refresh token, again and again: Partner Center at home, Graph at a customer", () -> {
      for (int i = 0; i < 2; i++) {
        AuthenticationResult home = at(TENANT, true).acquireTokenByRefreshToken(kept[0], SECRETLY, PARTNER_CENTER, null).get();
        check(((List<?>) claims(home.getAccessToken()).get("amr")).contains("mfa"), claims(home.getAccessToken()));
        AuthenticationResult there = at(CUSTOMER, true).acquireTokenByRefreshToken(kept[0], SECRETLY, GRAPH, null).get();
        check(claims(there.getAccessToken()).get("tid").equals(CUSTOMER), claims(there.getAccessToken()));
      }
    });
    flow("a wrong secret is told with its number", () -> {
      try {
        at(TENANT, true).acquireToken(PARTNER_CENTER, new ClientCredential(APP, "not-the-secret"), null).get();
        check(false, "it was not refused");
      } catch (ExecutionException failure) {
        check(failure.getMessage().contains("7000215"), failure);
      }
    });
    System.exit(0);
  }
}
