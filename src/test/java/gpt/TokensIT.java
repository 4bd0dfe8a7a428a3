package gpt;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import gpt.cli.CommandLines;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code gpt tokens}. */
class TokensIT {
  private static final String NANO = "src/test/resources/golden/model-1-nanogpt/ckpt.pt";
  private static final String GPT2 = "--tokenizer=gpt2";

  @TempDir Path folder;

  private static Program tokens(String... args) {
    List<String> all = new ArrayList<>(List.of("tokens"));
    all.addAll(List.of(args));
    return Program.gpt(all.toArray(String[]::new));
  }

  @Test
  void aTableOfTheDemosCharacters() {
    Program.Result run = tokens("To be").run().succeeded();
    assertEquals(
        """
        index      id  bytes  token
            0      32  0–1    T
            1      53  1–2    o
            2       1  2–3    ␣
            3      40  3–4    b
            4      43  4–5    e

        5 tokens of 5 bytes (characters)
        """,
        run.out());
    assertEquals(List.of(), run.notes());
  }

  /** The ids are tiktoken's; the spans cover the text's bytes without a gap. */
  @Test
  void gpt2sTokensNeedNoModel() {
    String text = "Hello world, 文\uD83D\uDE42\n<|endoftext|>";
    JsonObject json = json(tokens(GPT2, "--json", text));
    assertEquals("gpt2", json.get("tokenizer").getAsString());
    byte[] bytes = text.getBytes(UTF_8);
    assertEquals(bytes.length, json.get("bytes").getAsInt());
    JsonArray all = json.getAsJsonArray("tokens");
    assertEquals(all.size(), json.get("count").getAsInt());
    int[] expected = {15496, 995, 11, 10545, 244, 229};
    List<String> labels = List.of("Hello", "␣world", ",", "␣\\xE6", "\\x96", "\\x87");
    int end = 0;
    for (int i = 0; i < all.size(); i++) {
      JsonObject token = all.get(i).getAsJsonObject();
      if (i < expected.length) {
        assertEquals(expected[i], token.get("id").getAsInt());
        assertEquals(labels.get(i), token.get("token").getAsString());
      }
      assertEquals(end, token.get("start").getAsInt());
      end = token.get("end").getAsInt();
    }
    assertEquals(bytes.length, end);
    assertEquals(50256, all.get(all.size() - 1).getAsJsonObject().get("id").getAsInt());
  }

  private static JsonObject json(Program program) {
    return JsonParser.parseString(program.run().succeeded().out()).getAsJsonObject();
  }

  @Test
  void idsAreDecodedByteForByte() {
    // Two bytes of a four-byte character: not valid UTF-8, but printed as they are.
    Program.Result half = tokens(GPT2, "--ids", "15496,8582").run().succeeded();
    byte[] expected = {'H', 'e', 'l', 'l', 'o', (byte) 0xF0, (byte) 0x9F};
    assertArrayEquals(expected, half.bytes());
    assertEquals("To be", tokens("--ids", "32, 53,1,40,43").run().succeeded().out());
    JsonObject json = json(tokens("--json", "--ids", "32,53"));
    assertEquals(2, json.get("count").getAsInt());
  }

  @Test
  void theTextComesFromAnArgumentAFileOrStandardInput() throws Exception {
    assertEquals(2, json(tokens("--json", "-").input("hi")).get("count").getAsInt());
    assertEquals(0, json(tokens("--json", "")).get("count").getAsInt());
    assertEquals(6, json(tokens("--json", "--", "-hello")).get("count").getAsInt());
    assertEquals(6, json(tokens("--json", "--", "--json")).get("count").getAsInt());
    Path file = Files.writeString(folder.resolve("a text"), "one");
    assertEquals(3, json(tokens("--json", "FILE:" + file)).get("count").getAsInt());
    Files.write(file, new byte[] {(byte) 0xE9});
    tokens("FILE:" + file).run().failed(1, "not UTF-8");
    tokens("FILE:" + folder + "/none").run().failed(1, "no such file");
  }

  @Test
  void csvHasQuotesWhereTheyAreNeeded() {
    assertEquals(
        """
        index,id,start,end,token
        0,6,0,1,","
        1,0,1,2,\\n
        """,
        tokens("--csv", ",\n").run().succeeded().out());
  }

  @Test
  void coloursAlternateOnATerminal() {
    String always = tokens("--color", "always", "a\nb").run().succeeded().out();
    assertTrue(
        always.startsWith(
            """
            \u001B[48;5;153;38;5;16ma\u001B[0m\u001B[48;5;229;38;5;16m↵\u001B[0m
            \u001B[48;5;153;38;5;16mb\u001B[0m

            index\
            """),
        always);
    String plain = tokens("a\nb").run().succeeded().out();
    assertFalse(plain.contains("\u001B"));
    assertTrue(always.endsWith(plain));
    String set =
        tokens("--color=always", "a\nb").environment("NO_COLOR", "1").run().succeeded().out();
    assertEquals(always, set, "--color=always ignores NO_COLOR");
  }

  /** An untrusted text must not control the terminal. */
  @Test
  void controlSequencesInATextAreEscaped() {
    String untrusted = "\u001B]0;x\u0007\u009B31m\u202E";
    for (String color : List.of("--color=always", "--color=never")) {
      String out = tokens(GPT2, color, untrusted).run().succeeded().out();
      String left = out.replaceAll("\u001B\\[(48;5;\\d+;38;5;16|0)m", "");
      assertFalse(left.matches("(?s).*[\u001B\u0007\u009B\u202E].*"), left);
    }
  }

  /** A checkpoint's weights are not read. */
  @Test
  void onlyTheVocabularyIsRead() {
    tokens("--model", NANO, "x").run().failed(1, NANO, "meta.pkl");
    tokens("--model", "nope", "x").run().failed(1, "no such file or folder");
    assertEquals(List.of(), Program.jar("tokens", "x").run().succeeded().notes());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "                              | give a text",
        "a --ids 3                     | cannot both be given",
        "a b                           | in quotes",
        "--jsn                         | unknown option '--jsn'; put -- before a text that begins",
        "-hello                        | put -- before",
        "--ids 3,                      | --ids: expected numbers",
        "a --json --csv                | only one of",
        "a --tokenizer gpt2 --model x  | only one of",
        "a --tokenizer gpt4            | expected gpt2, found 'gpt4'",
        "a --color red                 | expected auto or always or never"
      })
  void aWrongCommandLine(String line, String part) {
    List<String> args = List.of(("tokens " + (line == null ? "" : line)).split(" +"));
    CommandLines.failed(2, args, part, "gpt tokens --help");
  }

  @Test
  void aCharacterThatTheModelLacks() {
    tokens("5 €").run().failed(1, "no token for '5'");
  }
}
