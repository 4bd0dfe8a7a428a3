package gpt.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import java.net.URI;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class HubHttpTest {
  @Test
  void rejectsARedirectFromHttpsToHttp() {
    URI hub = URI.create("https://hub.example/a/b");
    assertEquals(URI.create("https://cdn.example/c"), HubHttp.next(hub, "https://cdn.example/c"));
    assertEquals(URI.create("https://hub.example/c"), HubHttp.next(hub, "/c"));
    for (String unsafe : List.of("http://cdn.example/c", "http://hub.example/c", "file:///c")) {
      GptException e = assertThrows(GptException.class, () -> HubHttp.next(hub, unsafe), unsafe);
      assertTrue(e.getMessage().contains("insecure URL: '" + unsafe), e.getMessage());
    }
    assertThrows(GptException.class, () -> HubHttp.next(hub, "https://a b"));
  }

  @Test
  void parsesRetryAfterAsSecondsOrDate() {
    assertEquals(Optional.of(Duration.ofSeconds(120)), HubApi.duration("120"));
    String inAnHour =
        DateTimeFormatter.RFC_1123_DATE_TIME.format(ZonedDateTime.now(ZoneOffset.UTC).plusHours(1));
    long seconds = HubApi.duration(inAnHour).orElseThrow().toSeconds();
    assertTrue(seconds > 3300 && seconds <= 3600, inAnHour + ": " + seconds);
    assertEquals(Optional.of(Duration.ZERO), HubApi.duration("Wed, 21 Oct 2015 07:28:00 GMT"));
    assertEquals(Optional.empty(), HubApi.duration("soon"));
  }
}
