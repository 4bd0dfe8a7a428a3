package gpt.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HubSettingsTest {
  @TempDir Path home;

  private HubSettings of(String... variables) {
    Map<String, String> environment = new HashMap<>();
    for (int i = 0; i < variables.length; i += 2) {
      environment.put(variables[i], variables[i + 1]);
    }
    return HubSettings.of(environment, home);
  }

  @Test
  void cacheFolderIsThatOfHuggingFacesLibrary() {
    assertEquals(home.resolve(".cache/huggingface/hub"), of().cache());
    assertEquals(Path.of("/x/huggingface/hub"), of("XDG_CACHE_HOME", "/x").cache());
    assertEquals(Path.of("/h/hub"), of("XDG_CACHE_HOME", "/x", "HF_HOME", "/h").cache());
    assertEquals(Path.of("/c"), of("HF_HOME", "/h", "HF_HUB_CACHE", "/c").cache());
    assertEquals(home.resolve("h/hub"), of("HF_HOME", "~/h").cache());
  }

  /** Uses HOME like Hugging Face's library, not the password file. */
  @Test
  void homeFolderComesFromTheEnvironment() {
    assertEquals(
        home.resolve(".cache/huggingface/hub"),
        HubSettings.ofProcess(Map.of("HOME", home.toString())).cache());
    Path account = Path.of(System.getProperty("user.home"), ".cache/huggingface/hub");
    assertEquals(account, HubSettings.ofProcess(Map.of()).cache());
    assertEquals(account, HubSettings.ofProcess(Map.of("HOME", "")).cache());
  }

  @Test
  void tokenComesFromTheEnvironmentOrTheFile() throws IOException {
    assertEquals(Optional.empty(), of().token());
    Files.createDirectories(home.resolve(".cache/huggingface"));
    Files.writeString(home.resolve(".cache/huggingface/token"), " hf_file\n");
    assertEquals(Optional.of("hf_file"), of().token());
    assertEquals(Optional.of("hf_env"), of("HF_TOKEN", "hf_env").token());
    assertEquals(Optional.empty(), of("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1").token());
    assertFalse(of("HF_TOKEN", "hf_env").toString().contains("hf_env"));
    String message =
        assertThrows(GptException.class, () -> of("HF_TOKEN", "hf_a\nX-Evil: b")).getMessage();
    assertFalse(message.contains("hf_a"), message);
  }

  @Test
  void endpointMustBeAUrl() {
    assertEquals(URI.create("https://huggingface.co"), of().endpoint());
    assertEquals(URI.create("https://m.org/hf"), of("HF_ENDPOINT", "https://m.org/hf/").endpoint());
    for (String bad : new String[] {"m.org", "ftp://m.org", "https://", "https://u:p@m.org", "?"}) {
      assertThrows(GptException.class, () -> of("HF_ENDPOINT", bad), bad);
    }
    assertTrue(of("HF_HUB_OFFLINE", "yes").offline());
    assertFalse(of("HF_HUB_OFFLINE", "0").offline());
  }

  private static String proxy(HubSettings settings, String target) {
    return settings.proxies().select(URI.create(target)).getFirst().toString();
  }

  @Test
  void proxiesComeFromTheEnvironment() {
    HubSettings set =
        of("HTTPS_PROXY", "http://u%40:p%3a@proxy:3128", "NO_PROXY", "a.org,.b.org,c.org:8443");
    assertTrue(proxy(set, "https://huggingface.co/x").contains("proxy"));
    assertTrue(proxy(set, "https://huggingface.co/x").contains("3128"));
    for (String direct : new String[] {"a.org", "x.a.org", "b.org", "x.b.org", "c.org:8443"}) {
      assertEquals("DIRECT", proxy(set, "https://" + direct + "/"), direct);
    }
    for (String other : new String[] {"ba.org", "c.org", "huggingface.co"}) {
      assertTrue(proxy(set, "https://" + other + "/").contains("proxy"), other);
    }
    assertEquals("DIRECT", proxy(set, "http://huggingface.co/"));
    assertEquals(
        Optional.of("Basic dUA6cDo="), set.proxies().authorization(URI.create("https://x.org")));
    assertEquals(Optional.empty(), set.proxies().authorization(URI.create("https://a.org")));
    assertTrue(proxy(of("all_proxy", "proxy:1"), "https://x.org/").contains("proxy"));
    String socks =
        assertThrows(GptException.class, () -> of("ALL_PROXY", "socks5://u:secret@p:1"))
            .getMessage();
    assertFalse(socks.contains("secret"), socks);
  }

  /** A tunnelling proxy gets its password but not the token. */
  @Test
  void sendsThePasswordToATunnellingProxy() throws Exception {
    try (ServerSocket proxy = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      CompletableFuture<String> asked =
          CompletableFuture.supplyAsync(
              () -> {
                try (Socket socket = proxy.accept();
                    OutputStream out = socket.getOutputStream()) {
                  byte[] request = new byte[4096];
                  int n = socket.getInputStream().read(request);
                  out.write("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n".getBytes());
                  return new String(request, 0, n);
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
              });
      HubSettings settings =
          of(
              "HF_ENDPOINT", "https://hub.invalid",
              "HF_TOKEN", "hf_secret",
              "HTTPS_PROXY", "http://user:word@127.0.0.1:" + proxy.getLocalPort());
      Tuning once =
          new Tuning(1, 1, 1, Tuning.USUAL.silence(), 1, time -> {}, Tuning.USUAL.space());
      Downloader.Listener silent =
          new Downloader.Listener() {
            @Override
            public void planned(long bytes, long present) {}

            @Override
            public void at(long done, long total) {}

            @Override
            public void checking(String file, long done, long size) {}

            @Override
            public void waiting(String file) {}
          };
      assertThrows(
          GptException.class,
          () ->
              new Downloader(settings, once, silent).download(HubName.parse("gpt2").orElseThrow()));
      String request = asked.get();
      assertTrue(request.startsWith("CONNECT hub.invalid:443"), request);
      assertTrue(request.contains("Proxy-Authorization: Basic dXNlcjp3b3Jk"), request);
      assertFalse(request.contains("hf_secret"), request);
    }
  }
}
