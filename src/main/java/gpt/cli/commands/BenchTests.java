package gpt.cli.commands;

import gpt.bench.Bench;
import gpt.bench.BenchTest;
import gpt.cli.options.CommonOptions;
import gpt.cli.options.Numbers;
import gpt.cli.options.OptionGroup;
import gpt.cli.options.UsageException;
import gpt.load.DraftChoice;
import gpt.model.GptConfig;
import gpt.sampling.SamplingParameters;
import gpt.tokenizer.Tokenizer;
import gpt.tokenizer.UnencodableTextException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import picocli.CommandLine.Option;

/** What {@code gpt bench} times. */
@OptionGroup.In(OptionGroup.TESTS)
final class BenchTests {
  private static final int MAX_REPETITIONS = 10_000;

  /** A larger number is a typing error: the KV caches would fill the memory. */
  private static final int MAX_PARALLEL = 1024;

  @Option(
      names = {"-p", "--n-prompt"},
      paramLabel = "N",
      split = ",",
      defaultValue = "512",
      description =
          "Prompt tokens; 0 skips this test. Default: ${DEFAULT-VALUE}, or the context length if"
              + " that is smaller")
  private List<Integer> prompts;

  @Option(
      names = {"-n", "--n-gen"},
      paramLabel = "N",
      split = ",",
      defaultValue = "128",
      description =
          "Tokens to generate; 0 skips this test. Default: ${DEFAULT-VALUE}, or the context length"
              + " if that is smaller")
  private List<Integer> generated;

  @Option(
      names = "-pg",
      paramLabel = "P,N",
      description =
          "One test of a prompt of P tokens and N tokens generated after it. Can be given several"
              + " times.")
  private List<String> both = new ArrayList<>();

  @Option(
      names = "-npl",
      paramLabel = "N",
      split = ",",
      defaultValue = "1",
      description =
          "Sequences to decode together (batch size); t/s is their total. Default:"
              + " ${DEFAULT-VALUE}")
  private List<Integer> parallel;

  @Option(
      names = {"-r", "--repetitions"},
      paramLabel = "N",
      defaultValue = "5",
      description = "Repetitions of each test. Default: ${DEFAULT-VALUE}")
  private int repetitions;

  @Option(
      names = "--draft",
      paramLabel = "DRAFTER",
      split = ",",
      description =
          "Time text generation also with speculative decoding, in turn with and without: ngram,"
              + " self, or a model, as for generate.")
  private List<String> drafters = new ArrayList<>();

  @Option(
      names = "--temperature",
      paramLabel = "T",
      defaultValue = "0",
      description =
          "Temperature of the texts for --draft: the higher, the fewer drafts are right. Default:"
              + " ${DEFAULT-VALUE}, greedy")
  private double temperature;

  @Option(
      names = "--prompt-file",
      paramLabel = "FILE",
      description =
          "Text whose first tokens are the prompts for --draft with -pg. Default: random tokens")
  private Path file;

  @Option(
      names = "--no-warmup",
      description =
          "Skip the warm-up, which runs each test for at least 2 s until Java has compiled the"
              + " code.")
  private boolean cold;

  /** The tests that the options name. */
  List<BenchTest> all() {
    if (repetitions < 1 || repetitions > MAX_REPETITIONS) {
      throw new UsageException(
          "--repetitions: must be from 1 to " + MAX_REPETITIONS + ", found " + repetitions);
    }
    if (drafters.contains("none")) {
      throw new UsageException("--draft: expected ngram, self or a model, found 'none'");
    }
    if (temperature < 0 || !Double.isFinite(temperature)) {
      throw new UsageException("--temperature: must be 0 or more, found " + temperature);
    }
    List<BenchTest> tests = new ArrayList<>();
    for (int count : prompts) {
      add(tests, "--n-prompt", count, 0);
    }
    for (int sequences : parallel) {
      if (sequences < 1 || sequences > MAX_PARALLEL) {
        throw new UsageException(
            "-npl: must be from 1 to " + MAX_PARALLEL + ", found " + sequences);
      }
    }
    for (int count : generated) {
      add(tests, "--n-gen", 0, count);
    }
    for (String pair : both) {
      String[] parts = pair.split(",", -1);
      try {
        if (parts.length != 2) {
          throw new NumberFormatException();
        }
        int prompt = Integer.parseInt(parts[0].strip());
        int count = Integer.parseInt(parts[1].strip());
        if (prompt < 1 || count < 1) {
          throw new NumberFormatException();
        }
        addParallel(tests, prompt, count);
      } catch (NumberFormatException e) {
        throw new UsageException("-pg: expected two numbers as in 512,128, found '" + pair + "'");
      }
    }
    if (tests.isEmpty()) {
      throw new UsageException("nothing to time: --n-prompt and --n-gen are both 0");
    }
    return tests;
  }

  private void add(List<BenchTest> tests, String option, int prompt, int count) {
    Numbers.atLeast(0, option, prompt + count);
    if (count > 0) {
      addParallel(tests, prompt, count);
    } else if (prompt > 0) {
      tests.add(new BenchTest(prompt, 0));
    }
  }

  private void addParallel(List<BenchTest> tests, int prompt, int count) {
    parallel.forEach(sequences -> tests.add(new BenchTest(prompt, count, sequences)));
  }

  /** Shortens default tests to the context; refuses longer ones that the user asked for. */
  List<BenchTest> fitted(List<BenchTest> tests, GptConfig config, CommonOptions common) {
    int contextLength = config.blockSize();
    List<BenchTest> fitted = new ArrayList<>();
    for (BenchTest test : tests) {
      boolean asked =
          test.prompt() > 0 && test.generated() > 0
              || common.given(test.prompt() > 0 ? "--n-prompt" : "--n-gen");
      long tokens = (long) test.prompt() + test.generated(); // the sum of -pg may overflow an int
      if (tokens > contextLength && asked) {
        throw new UsageException(
            "%s: %d tokens are more than the model's context of %d"
                .formatted(test.name(), tokens, contextLength));
      }
      fitted.add(
          new BenchTest(
              Math.min(contextLength, test.prompt()),
              Math.min(contextLength, test.generated()),
              test.sequences()));
    }
    return fitted;
  }

  /** Repetitions of each test. */
  int repetitions() {
    return repetitions;
  }

  /** Whether each test is run before it is timed. */
  boolean warmsUp() {
    return !cold;
  }

  /** What drafts in the tests with drafts. */
  List<DraftChoice> drafts() {
    return drafters.stream().map(DraftChoice::parse).toList();
  }

  /** How the texts with drafts are sampled. */
  SamplingParameters sampling() {
    return SamplingParameters.builder().temperature(temperature).seed(Bench.SEED).build();
  }

  /** The ids of {@code --prompt-file}; empty without it. */
  int[] text(Supplier<Optional<Tokenizer>> tokenizer) throws IOException {
    if (file == null) {
      return new int[0];
    }
    Tokenizer words =
        tokenizer
            .get()
            .orElseThrow(() -> new UsageException("--prompt-file: the model has no tokenizer"));
    try {
      return words.encode(Files.readString(file));
    } catch (NoSuchFileException e) {
      throw new UsageException("--prompt-file: there is no file " + file);
    } catch (UnencodableTextException e) {
      throw new UsageException("--prompt-file: " + e.getMessage());
    }
  }
}
