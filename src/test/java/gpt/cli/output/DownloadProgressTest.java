package gpt.cli.output;

import static org.junit.jupiter.api.Assertions.assertEquals;

import gpt.hub.HubName;
import gpt.hub.HubSettings;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DownloadProgressTest {
  private static final long TOTAL = 1_000_000_000;

  @Test
  void speedIsThatOfTheLastSeconds() {
    HubSettings settings = HubSettings.of(Map.of(), Path.of("/home/you"));
    try (DownloadProgress progress =
        new DownloadProgress(HubName.parse("gpt2").orElseThrow(), settings, false, false)) {
      assertEquals("", progress.behind(0, 500_000_000, TOTAL)); // cached earlier: no speed yet
      assertEquals(", 10.0 MB/s, 49 s left", progress.behind(1, 510_000_000, TOTAL));
      for (int second = 2; second <= 30; second++) {
        progress.behind(second, 510_000_000 + second * 1_000_000L, TOTAL);
      }
      assertEquals(", 1.0 MB/s, 7:39 min left", progress.behind(31, 541_000_000, TOTAL));
      for (int second = 32; second <= 50; second++) {
        progress.behind(second, 541_000_000, TOTAL);
      }
      assertEquals("", progress.behind(51, 541_000_000, TOTAL)); // stalled
      // The time for a checksum does not count as download time.
      progress.behind(52, 551_000_000, TOTAL);
      progress.checking("model.safetensors", 1, 2);
      assertEquals("", progress.behind(60, 551_000_000, TOTAL));
      assertEquals(", 10.0 MB/s, 44 s left", progress.behind(61, 561_000_000, TOTAL));
    }
  }
}
