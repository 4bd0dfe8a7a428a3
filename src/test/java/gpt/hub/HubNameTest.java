package gpt.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HubNameTest {
  @ParameterizedTest
  @CsvSource({
    "gpt2, openai-community/gpt2, main",
    "gpt2-xl@v1, openai-community/gpt2-xl, v1",
    "distilgpt2, distilbert/distilgpt2, main",
    "Org/na.me_2@refs/pr/1, Org/na.me_2, refs/pr/1"
  })
  void parsesNames(String text, String repository, String revision) {
    HubName name = HubName.parse(text).orElseThrow();
    assertEquals(repository, name.repository());
    assertEquals(revision, name.revision());
    assertEquals(text, name.toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "gpt3",
        "a/b/c",
        "../b",
        "a/..",
        "/a/b",
        "a/b@",
        "a/b@../x",
        "a/b@x/../../y",
        "a/b@-x",
        "a--b/c",
        "a/b.git",
        "a/b c",
        "a/b\n",
        "a/b?x",
        "a\\b/c"
      })
  void rejectsEverythingElse(String text) {
    assertTrue(HubName.parse(text).isEmpty());
  }

  @Test
  void findsShortNamesInOldCaches() {
    assertEquals(
        List.of("openai-community/gpt2", "gpt2"),
        HubName.parse("openai-community/gpt2").orElseThrow().cachedAs());
    assertEquals("gpt2", HubName.parse("openai-community/gpt2").orElseThrow().toString());
    assertTrue(HubName.parse("a/" + "b".repeat(95)).isEmpty());
  }
}
