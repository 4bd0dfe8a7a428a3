package gpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import gpt.GptException;
import gpt.cli.options.InputFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** Messages for wrong command lines, and the form of the help. */
class UsageTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "nxt                | unknown command 'nxt', did you mean next? (see",
        "genrate -n 5       | did you mean generate?",
        "hello              | give a prompt with --prompt; the commands are generate, chat, next",
        "help nxt           | unknown command 'nxt', did you mean next? (see",
        "help x             | unknown command 'x'; expected generate, chat, next",
        "help next loss     | unexpected argument 'loss': gpt help takes one COMMAND",
        "chat -n 0          | --max-new-tokens: must be 1 or more, found 0",
        "chat --chat-template chatml | expected dialogpt, found 'chatml'",
        "info x             | unexpected argument 'x': gpt info takes options only",
        "next x             | unexpected argument 'x': give a prompt with --prompt (see",
        "loss a b           | unexpected argument 'b': gpt loss takes one FILE",
        "loss --strid 3     | unknown option '--strid', did you mean --stride?",
        "tokens a b         | put a text of several words in quotes",
        "tokens --x         | put -- before a text that begins with a dash",
        "completion fish    | expected bash or zsh, found 'fish'",
        "--top-k 1e3        | --top-k': expected a whole number in digits, as 1000, found '1e3'",
        "bench -r 2.0       | expected a whole number in digits, as 1000, found '2.0'",
        "bench -p 1,1e3     | found '1e3'",
        "-n 2147483648      | from -2147483648 to 2147483647, found 2147483648",
        "--seed 1e30        | expected a whole number",
        "--seed 9223372036854775808 | to 9223372036854775807, found 9223372036854775808",
        "--top-p 0,8        | --top-p': expected a number, as 0.8, found '0,8'",
        "batch              | Missing required parameter: 'FILE'",
        "batch x --parallel 0 | --parallel: must be 1 or more, found 0",
        "batch pom.xml --out ./pom.xml | --out: is the file of the requests",
        "serve --host 0.0.0.0 | other machines can reach it; set a key in GPT_API_KEY",
        "serve --port 70000 | --port: must be 0 to 65535, found 70000",
        "serve --chat-template x | expected dialogpt, found 'x'",
        "serve --api-key \u00e9 | visible ASCII characters",
        "serve --tornado-profile | use gpt bench",
        "softmax            | give the logits, as 6,2,7,0.1,-8,9",
        "softmax 1,,2       | LOGITS: expected numbers separated by commas, as 6,2,-0.5, found ''",
        "softmax -1 x       | found 'x'",
        "softmax 1 --top 3  | unknown option '--top', did you mean --top-k?",
        "softmax 1 1e31     | LOGITS: must be from -1e30 to 1e30, or -inf, found 1.0E31",
        "softmax -inf       | LOGITS: one at least must be more than -inf",
        "softmax 1.5 --probabilities | --probabilities: must be from 0 to 1, found 1.5",
        "softmax 1,2 --words a | expected a word for each of the 2 numbers, found 1",
        "softmax 1,2 -t 0   | --temperature: must be above 0; at 0 the largest logit is taken",
        "softmax 1 --temperatures 1,x | --temperatures: expected numbers separated by commas",
        "answers -n 0       | --max-new-tokens: must be 1 or more, found 0",
        "answers --num-samples 0 | --num-samples: must be from 1 to 100000, found 0",
        "beams --beams 65   | --beams: must be from 1 to 64, found 65",
        "beams --length-penalty 101 | --length-penalty: the length penalty must be from -100",
        "lens               | --prompt: give the text whose predictions to show",
        "lens -p A --position 1 | --position: the prompt's tokens go from 0 to 0, found 1",
        "lens -p A --device emulator | keep no residual stream between layers; use cpu or",
        "activations -p A --at x | --at: expected resid, ln1, q, k, v, attn, mlp, found 'x'",
        "activations -p A --at mlp --layer 6 | layers at mlp go from 0 to 5, found 6",
        "activations -p A --device gpu | kernels keep no activations; use cpu or reference",
        "activations -p A --out a.txt | must end in .safetensors, .npy or .json, found 'a.txt'",
        "activations -p A --out a.npy | holds one matrix, and 7 are asked for",
        "-t warm            | expected a number, as 0.8, found 'warm'"
      })
  void aWrongCommandLine(String line, String part) {
    CommandLines.failed(2, List.of(line.split(" +")), part);
  }

  /** A failure, not a usage error: the same command line is right for another model. */
  @Test
  void idsOutsideTheVocabularyAreRefused() throws IOException {
    String file = Files.writeString(folder.resolve("ids"), "1 65").toString();
    for (List<String> line :
        List.of(
            List.of("--prompt-ids", "65"),
            List.of("next", "--prompt-ids", "65"),
            List.of("attention", "--prompt-ids", "65"),
            List.of("--logit-bias", "65=1"),
            List.of("tokens", "--ids", "65"),
            List.of("loss", "--ids-file", file))) {
      CommandLines.failed(1, line, "ids go from 0 to 64, found 65");
    }
    CommandLines.failed(
        1,
        List.of("tokens", "--tokenizer", "gpt2", "--ids", "50257"),
        "ids go from 0 to 50256, found 50257");
  }

  @Test
  void aCharacterModelHasNoTurns() {
    CommandLines.failed(1, List.of("chat", "--chat-template", "dialogpt"), "<|endoftext|>");
  }

  @Test
  void anExistingFileIsNoOutputFolder() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "mine");
    for (List<String> line :
        List.of(
            List.of("export", "--force", "--out", file.toString()),
            List.of("make-random", "--like", "demo", "--out", file.toString()))) {
      CommandLines.failed(1, line, "--out " + file + ": is a file", "name a folder");
    }
    assertEquals("mine", Files.readString(file));
    CommandLines.failed(
        1, List.of("make-random", "--like", "foo", "--out", "x"), "--like foo: no such file");
  }

  @Test
  void anEndlessPromptIsRefused() {
    assumeTrue(Files.exists(Path.of("/dev/zero")), "no /dev/zero here; Linux has one");
    for (List<String> line :
        List.of(
            List.of("--prompt-file", "/dev/zero"),
            List.of("next", "--prompt", "FILE:/dev/zero"),
            List.of("attention", "--prompt-file", "/dev/zero"))) {
      CommandLines.failed(
          1,
          line,
          "prompt file /dev/zero: has more than 1.0 MB",
          "context of 256 tokens",
          "tail -c 256 ");
    }
  }

  @Test
  void aFileLongerThanTheLimitIsRefused() throws IOException {
    Path path = Files.writeString(folder.resolve("text"), "12345");
    InputFile file = InputFile.of("text", path.toString());
    assertEquals("12345", file.text(new InputFile.Limit(5, "too much")));
    String message =
        assertThrows(GptException.class, () -> file.text(new InputFile.Limit(4, "too much")))
            .getMessage();
    assertEquals("text file " + path + ": has more than 0.0 kB, too much", message);
  }

  @Test
  void theLastOfSeveralValuesWins() {
    ParseResult parsed =
        GptCommand.commandLine()
            .parseArgs(
                "generate", "-p", "a", "--top-k", "3", "--prompt", "b", "--top-k", "5", "-q", "-q")
            .subcommand();
    CommandSpec command = parsed.commandSpec();
    assertEquals("b", command.findOption("--prompt").<String>getValue());
    assertEquals(5, parsed.matchedOptionValue("--top-k", 0));
    assertTrue(parsed.matchedOptionValue("--quiet", false));
  }

  @Test
  void theHelpListsEachOptionOnceBelowAHeading() {
    for (CommandLine command : GptCommand.commandLine().getSubcommands().values()) {
      String help = command.getUsageMessage();
      for (OptionSpec option : command.getCommandSpec().options()) {
        String line = "  (-., |    )?" + option.longestName() + "(=.*| .*)?";
        long lines = help.lines().filter(l -> l.matches(line)).count();
        assertEquals(1, lines, () -> option.longestName() + " in " + help);
      }
      assertTrue(help.contains("\nGeneral:\n  -q, --quiet"), help);
    }
    String help = GptCommand.commandLine().getUsageMessage();
    for (String heading : List.of("Model", "Sampling", "Beam search", "Device", "Output")) {
      assertTrue(help.contains("\n\n" + heading + ":\n  "), help);
    }
    assertTrue(help.indexOf("--min-new-tokens") < help.indexOf("Sampling:"), help);
  }

  @ParameterizedTest
  @ValueSource(strings = {"net", "nex", "nexts", "nxet", "next"})
  void theNearestCommandIsFound(String typed) {
    assertEquals(Optional.of("next"), EditDistance.nearest(typed, List.of("loss", "next")));
    assertFalse(EditDistance.nearest("text-to", List.of("loss", "next")).isPresent());
  }

  @Test
  void editDistances() {
    assertEquals(0, EditDistance.between("", ""));
    assertEquals(3, EditDistance.between("", "abc"));
    assertEquals(1, EditDistance.between("abcd", "abdc"));
    assertEquals(3, EditDistance.between("kitten", "sitting"));
  }
}
