package gpt;

import static java.util.stream.Collectors.joining;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import gpt.cli.CommandLines;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every error is one line with the right exit status: 2 for a wrong command line, else 1. */
class ErrorsIT {
  private static final String GOLDEN = "src/test/resources/golden/model-0-hf";

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--promt x                      | --prompt",
        "hello                          | unexpected argument 'hello'",
        "--prompt                       | --prompt",
        "--prompt --json                | --json",
        "--prompt a --prompt-ids 3      | only one of",
        "--prompt-ids 1,,2              | found ''",
        "--temperature -1               | temperature",
        "--temperature warm             | 'warm'",
        "--temperature 1e9              | a positive number up to 1000",
        "--temperature NaN              | found NaN",
        "--greedy --temperature 0.5     | --greedy and --temperature 0.5",
        "--top-k -1                     | top-k",
        "--top-p 0                      | top-p must be above 0 and at most 1",
        "--top-p 1.5                    | top-p must be above 0 and at most 1",
        "--min-p 1.5                    | min-p must be from 0 (off) to 1",
        "--typical-p -0.5               | typical-p must be above 0 and at most 1",
        "--repetition-penalty 0         | repetition-penalty must be from 0.001",
        "--frequency-penalty 101        | frequency-penalty must be from -100 to 100",
        "--presence-penalty Infinity    | presence-penalty must be from -100 to 100",
        "--logit-bias 5                 | expected ID=X",
        "--logit-bias 5=inf             | expected ID=X",
        "--logit-bias x=1               | expected ID=X",
        "--logit-bias 5=1 --logit-bias 5=2 | id 5 is given twice",
        "--logit-bias 5=1e31            | logit-bias of id 5 must be a number up to 1e30",
        "--logprobs -1 --json           | --logprobs: must be 0 or more",
        "--logprobs 1001 --json         | --logprobs: must be 1000 or fewer",
        "--logprobs 3                   | --logprobs: needs --json",
        "--min-new-tokens -1            | min-new-tokens must be 0 (off) or more",
        "--min-new-tokens 9 -n 8        | --min-new-tokens 9 is more than --max-new-tokens 8",
        "--max-new-tokens -3            | found -3",
        "--num-samples 0                | found 0",
        "--beams 0                      | from 1 to 64, found 0",
        "--beams 65                     | from 1 to 64, found 65",
        "--beams 3 --num-return 4       | from 1 to 3 (--beams), found 4",
        "--beams 3 --num-return 0       | found 0",
        "--beams 3 --length-penalty NaN | --length-penalty",
        "--beams 3 -t 0                 | --temperature: beam search",
        "--beams 3 --greedy             | --greedy: beam search",
        "--beams 3 --top-k 200          | --top-k: beam search",
        "--beams 3 --num-samples 2      | --num-samples: beam search",
        "--beams 3 --presence-penalty 1 | --presence-penalty: beam search",
        "--beams 3 --on-full slide      | --on-full slide",
        "--beams 3 --on-full shift      | --on-full shift",
        "--shift 3                      | needs --on-full shift",
        "--on-full shift --shift 0      | --shift: must be 1 or more",
        "--num-return 2                 | needs --beams",
        "--length-penalty 1             | needs --beams",
        "--threads 0                    | found 0",
        "--threads 1025                 | found 1025",
        "--seed pi                      | 'pi'",
        "--on-full wrap                 | slide or shift or stop",
        "--gelu relu                    | exact or tanh",
        "--device tpu                   | auto, cpu, gpu",
        "--device tornado:opencl        | tornado:BACKEND:DEVICE",
        "--device reference --dtype f16 | computes from the stored weights",
        "--device cpu --tornado-profile | TornadoVM device",
        "--device cpu --kernels gpu     | TornadoVM device",
        "--kernels fast                 | auto or gpu or cpu",
        "--device cpu --kv-dtype f16    | TornadoVM device",
        "--device cpu --fast-prefill    | TornadoVM device",
        "--dtype f64                    | f32 or f16 or i8",
        "info --prompt x                | --prompt",
        "export --model m.pt            | --out"
      })
  void aWrongCommandLine(String line, String part) {
    CommandLines.failed(2, List.of(line.split(" +")), part, "--help");
  }

  @Test
  void anEmptyTextIsRefused() {
    Program.gpt("--prompt", "").run().failed(2, "the prompt is empty");
    Program.gpt("--prompt", "-").run().failed(2, "the prompt is empty");
    Program.gpt("--stop", "").run().failed(2, "--stop");
    Program.gpt("export", "--model", "x", "--out", "").run().failed(2, "--out: must name a folder");
  }

  @Test
  void aMissingModel() {
    Program.gpt("--model", "nope").run().failed(1, "no such file or folder", "weights");
    Program.gpt("--model", "/no/such/ckpt.pt").run().failed(1, "/no/such/ckpt.pt");
    Program.gpt("--model", "gpt2")
        .environment("HF_HUB_CACHE", folder.toString())
        .run()
        .failed(1, "gpt2", folder.toString(), "gpt download gpt2");
    Program.gpt("info", "--model", folder.toString()).run().failed(1, folder.toString());
  }

  @Test
  void aTruncatedModel() throws Exception {
    byte[] whole = Files.readAllBytes(Path.of(GOLDEN, "model.safetensors"));
    Files.copy(Path.of(GOLDEN, "config.json"), folder.resolve("config.json"));
    Path cut = folder.resolve("model.safetensors");
    Files.write(cut, Arrays.copyOf(whole, whole.length / 2));
    Program.gpt("--model", folder.toString(), "--prompt-ids", "1").run().failed(1, cut.toString());
  }

  @Test
  void aPromptThatCannotBeUsed() throws Exception {
    Program.gpt("--prompt", "10 € please").run().failed(1, "'1'");
    Program.gpt("--prompt-file", "/no/such/file").run().failed(1, "/no/such/file", "no such file");
    Path latin1 = Files.write(folder.resolve("latin1.txt"), new byte[] {'a', (byte) 0xE9, 'b'});
    Program.gpt("--prompt-file", latin1.toString()).run().failed(1, "not UTF-8");
    Program.gpt("--model", GOLDEN, "--prompt", "text").run().failed(1, "--prompt-ids");
    Program.gpt("--model", GOLDEN, "--prompt-ids", "1", "--stop", "x").run().failed(1, "tokenizer");
    Program.gpt("--prompt", "a".repeat(300), "--on-full", "stop").run().failed(1, "256");
    Program.gpt("--prompt", "a".repeat(300), "--beams", "2").run().failed(1, "256", "--beams");
  }

  /** Descriptor 0 is then a file that Java opens itself. */
  @Test
  void aClosedStandardInput() {
    String java = System.getProperty("java.home") + "/bin/java -jar target/gpt.jar";
    for (String gpt : List.of("scripts/gpt", java)) {
      for (String args : List.of("--prompt -", "tokens -", "loss -", "loss --ids-file -")) {
        Program.of("sh", "-c", gpt + " " + args + " <&-")
            .run()
            .failed(1, "standard input is closed", "name a file");
      }
    }
  }

  @Test
  void biasesMustFitTheVocabulary() {
    Program.gpt("--logit-bias", "65=1").run().failed(1, "--logit-bias", "0 to 64, found 65");
    List<String> line =
        new ArrayList<>(List.of("--model", GOLDEN, "--prompt-ids", "1", "--json", "-q"));
    for (int id = 0; id < 97; id++) {
      line.addAll(List.of("--logit-bias", id + "=-inf"));
    }
    Program.gpt(line.toArray(String[]::new))
        .run()
        .failed(1, "all candidates are banned", "(sample 0, new token 1)");
  }

  /** Both streams go to the same terminal, and the prompt was printed without a line end. */
  @Test
  void anErrorBeginsOnANewLineOfTheTerminal() {
    assumeTrue(
        Program.of("sh", "-c", "script -qec true /dev/null").run().status() == 0,
        "no script(1) of util-linux here; install it to test what a terminal shows");
    String banned =
        IntStream.range(0, 97).mapToObj(id -> " --logit-bias " + id + "=-inf").collect(joining());
    String gpt = "scripts/gpt -q --model " + GOLDEN + " --prompt-ids 1,2" + banned;
    Program.Result run = Program.of("script", "-qec", gpt, "/dev/null").run();
    assertEquals(1, run.status(), run::toString);
    assertTrue(run.out().startsWith("1 2\r\ngpt: all candidates are banned"), run::toString);
    assertTrue(run.out().endsWith("(sample 0, new token 1)\r\n"), run::toString);
  }

  /** A note on a terminal only: without it the program would seem to hang. */
  @Test
  void aTerminalsUserIsAskedToTypeTheText() {
    assumeTrue(
        Program.hasTerminal(),
        "no script(1) of util-linux here; install it to test what a terminal shows");
    String note = "gpt: type the prompt, then press Enter and Ctrl-D";
    String[] args = {"--device", "cpu", "-n", "1", "-p", "-"};
    String[] quiet = {"--device", "cpu", "-n", "1", "-p", "-", "-q"};
    Program.Result noted = Program.gpt(args).onTerminal().input("KING\n").run().succeeded();
    assertTrue(noted.out().contains(note), noted::toString);
    Program.Result silent = Program.gpt(quiet).onTerminal().input("KING\n").run().succeeded();
    assertFalse(silent.out().contains(note), silent::toString);
    Program.Result piped = Program.gpt(args).input("KING\n").run().succeeded();
    assertFalse(piped.err().contains(note), piped::toString);
  }

  @Test
  void debugPrintsAStackTrace() {
    Program.Result run = Program.gpt("--model", "nope", "--debug").run();
    assertEquals(1, run.status(), run::toString);
    assertTrue(run.err().contains("\tat gpt."), run::toString);
  }

  @Test
  void aPlainJarFailsTheSameWay() {
    Program.jar("--model", "nope").run().failed(1, "no such file or folder");
    Program.jar("--promt").run().failed(2, "--prompt");
    Program.jar("info", "--model", "nope").run().failed(1, "no such file or folder");
  }

  @Test
  void tooLittleMemory() {
    Program.Result run =
        Program.gpt("--device", "reference", "-n", "1")
            .environment("JDK_JAVA_OPTIONS", "-Xmx8m")
            .run();
    assertEquals(1, run.status(), run::toString);
    String last = run.notes().getLast();
    assertTrue(last.startsWith("gpt: ") && last.contains("-Xmx"), run::toString);
    assertFalse(run.err().contains("\tat "), run::toString);
  }

  @Test
  void aFullDiskIsNotAClosedPipe() {
    assumeTrue(Files.exists(Path.of("/dev/full")), "no /dev/full here; Linux has one");
    List<String> commands = List.of("--version", "info", "--device cpu -n 2");
    for (String command : commands) {
      Program.of("sh", "-c", "scripts/gpt " + command + " > /dev/full")
          .run()
          .failed(1, "standard output");
    }
  }
}
