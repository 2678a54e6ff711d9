package example;

import com.nimbusds.jose.util.JSONObjectUtils;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What the judges in Java share: they tell each flow's outcome, one JSON object to a line, and ask
 * the test for what only a person with a browser can do.
 */
final class Judge {
  static final String ORIGIN = System.getenv("ENTENTE_ORIGIN");
  static final String TENANT = System.getenv("ENTENTE_TENANT");
  static final String CUSTOMER = System.getenv("ENTENTE_CUSTOMER");
  static final String APP = System.getenv("ENTENTE_APP");
  static final String SECRET = System.getenv("ENTENTE_APP_SECRET");
  static final String CERTIFICATE_APP = System.getenv("ENTENTE_CERTIFICATE_APP");
  static final String CERTIFICATE_FILE = System.getenv("ENTENTE_CERTIFICATE_FILE");
  static final String PUBLIC_APP = System.getenv("ENTENTE_PUBLIC_APP");
  static final String BACKEND = System.getenv("ENTENTE_BACKEND");
  static final String BACKEND_SECRET = System.getenv("ENTENTE_BACKEND_SECRET");
  static final String ASSERTION = System.getenv("ENTENTE_ASSERTION");
  static final String GRAPH = "https://graph.microsoft.com";
  static final String PARTNER_CENTER = "https://api.partnercenter.microsoft.com";
  static final String REDIRECT = "http://localhost:8400/";

  private static final BufferedReader ANSWERS =
      new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));

  private Judge() {}

  interface Flow {
    void run() throws Exception;
  }

  /** Says whose flows follow; the version is the one of the jar that is used. */
  static void client(String name, Class<?> inside) {
    String jar = inside.getProtectionDomain().getCodeSource().getLocation().getPath();
    String version = jar.replaceAll("^.*/" + name + "-(.*)\\.jar$", "$1");
    say(Map.of("client", name, "version", version));
  }

  static void flow(String name, Flow run) {
    flow(name, run, "");
  }

  /** Tells how one flow went. A failure does not keep the next from running. */
  static void flow(String name, Flow run, String difference) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("flow", name);
    line.put("difference", difference);
    try {
      run.run();
      line.put("ok", true);
    } catch (Exception | AssertionError failure) {
      StringWriter trace = new StringWriter();
      failure.printStackTrace(new PrintWriter(trace));
      line.put("ok", false);
      line.put("detail", trace.toString());
    }
    say(line);
  }

  /** Lets a person walk from an authorize address to the redirect address. */
  static Map<String, Object> signIn(String address) throws Exception {
    say(Map.of("visit", address, "redirect", REDIRECT));
    return JSONObjectUtils.parse(ANSWERS.readLine());
  }

  /** Lets a person type a device's code. */
  static void approve(String address, String code) {
    say(Map.of("device", address, "code", code));
    try {
      ANSWERS.readLine();
    } catch (java.io.IOException failure) {
      throw new java.io.UncheckedIOException(failure);
    }
  }

  static void check(boolean condition, Object said) {
    if (!condition) {
      throw new AssertionError(said);
    }
  }

  static Map<String, Object> claims(String token) throws Exception {
    byte[] body = Base64.getUrlDecoder().decode(token.split("\\.")[1]);
    return JSONObjectUtils.parse(new String(body, StandardCharsets.UTF_8));
  }

  /** Reads one part of the certificate file in DER. */
  static byte[] der(String kind) throws Exception {
    String pem = Files.readString(Path.of(CERTIFICATE_FILE));
    String begin = "-----BEGIN " + kind + "-----";
    int from = pem.indexOf(begin) + begin.length();
    return Base64.getMimeDecoder().decode(pem.substring(from, pem.indexOf("-----END", from)));
  }

  private static synchronized void say(Map<String, Object> line) {
    System.out.println(JSONObjectUtils.toJSONString(line));
    System.out.flush();
  }
}
