package gpt.peers;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * Times {@code gpt bench} in turn with llama.cpp, whose library the npm package node-llama-cpp
 * brings along, and prints a row for each model and test: tokens per second of all rounds, and
 * ratios, from our slowest round by the peer's fastest to our fastest by the peer's slowest. {@code
 * scripts/bench-peers} makes the models and calls it.
 */
public final class Peers {
  private static final Pattern ROW =
      Pattern.compile("\"n_prompt\":(\\d+).*\"n_parallel\":(\\d+).*\"avg_ts\":([0-9.E]+)");

  private final Path libraries;
  private final int threads;
  private final int prompt;
  private final int tokens;
  private final List<Integer> sequences;

  private Peers(String[] args) throws IOException {
    libraries = libraries(Path.of(args[0]));
    threads = Integer.parseInt(args[1]);
    prompt = Integer.parseInt(args[2]);
    tokens = Integer.parseInt(args[3]);
    sequences = Arrays.stream(args[4].split(",")).map(Integer::valueOf).toList();
  }

  /** The package's libraries for this machine's CPU. */
  private static Path libraries(Path npm) throws IOException {
    try (Stream<Path> files = Files.walk(npm.resolve("node_modules/@node-llama-cpp"), 4)) {
      return files
          .filter(f -> f.getFileName().toString().matches("(lib)?ggml-base\\.(so|dylib|dll)"))
          .map(Path::getParent)
          .filter(f -> !f.toString().matches(".*(cuda|vulkan).*"))
          .findFirst()
          .orElseThrow(() -> new IOException(npm + ": expected node-llama-cpp with its libraries"))
          .toRealPath();
    }
  }

  /**
   * Runs it.
   *
   * @param args folder with node_modules, threads, tokens of the prompt (0: none), decoded tokens,
   *     numbers of sequences, rounds, then DTYPE=FILE.gguf for each model
   */
  public static void main(String[] args) throws Throwable {
    try {
      new Peers(args).run(Arrays.asList(args).subList(6, args.length), Integer.parseInt(args[5]));
    } catch (IOException e) {
      System.err.println("bench-peers: " + e.getMessage());
      System.exit(1);
    }
  }

  private void run(List<String> models, int rounds) throws Throwable {
    System.out.println("| weights | test | this project, tokens/s | llama.cpp, tokens/s | ratio |");
    System.out.println("|---|---|--:|--:|--:|");
    for (String model : models) {
      int at = model.indexOf('=');
      compare(model.substring(0, at), Path.of(model.substring(at + 1)), rounds);
    }
  }

  private void compare(String dtype, Path file, int rounds) throws Throwable {
    List<double[]> ours = new ArrayList<>();
    List<double[]> theirs = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      theirs.add(peer(file));
      ours.add(gptBench(dtype, file));
    }
    int first = prompt > 0 ? 0 : 1;
    for (int test = first; test <= sequences.size(); test++) {
      int column = test;
      double[] mine = ours.stream().mapToDouble(round -> round[column]).sorted().toArray();
      double[] peer = theirs.stream().mapToDouble(round -> round[column]).sorted().toArray();
      System.out.printf(
          Locale.ROOT,
          "| %s, %s | %s | %s | %s | %.2f–%.2f |%n",
          dtype,
          file.getFileName(),
          name(test),
          list(mine),
          list(peer),
          mine[0] / peer[rounds - 1],
          mine[rounds - 1] / peer[0]);
    }
  }

  /** A test's name; 0 is the prompt. */
  private String name(int test) {
    if (test == 0) {
      return "prompt of " + prompt;
    }
    int together = sequences.get(test - 1);
    return "decode, " + together + (together == 1 ? " sequence" : " sequences");
  }

  private static String list(double[] values) {
    return DoubleStream.of(values)
        .mapToObj(v -> String.format(Locale.ROOT, v < 100 ? "%.1f" : "%.0f", v))
        .collect(Collectors.joining(", "));
  }

  /** Tokens per second of llama.cpp: of the prompt, then for each number of sequences. */
  private double[] peer(Path file) throws Throwable {
    double[] result = new double[1 + sequences.size()];
    try (LlamaCpp model = new LlamaCpp(libraries, file)) {
      if (prompt > 0) {
        result[0] = model.tokensPerSecond(true, prompt, 1, threads);
      }
      for (int i = 0; i < sequences.size(); i++) {
        result[1 + i] = model.tokensPerSecond(false, tokens, sequences.get(i), threads);
      }
    }
    return result;
  }

  /** Tokens per second of gpt bench, in the same order. */
  private double[] gptBench(String dtype, Path file) throws IOException, InterruptedException {
    String together = sequences.stream().map(String::valueOf).collect(Collectors.joining(","));
    String[] command = {
      "scripts/gpt",
      "bench",
      "--model",
      file.toString(),
      "--dtype",
      dtype,
      "--device",
      "cpu",
      "-t",
      "" + threads,
      "-p",
      "" + prompt,
      "-n",
      "" + tokens,
      "-r",
      "1",
      "-npl",
      together,
      "-o",
      "jsonl",
      "-q"
    };
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(String.join(" ", command) + " failed");
    }
    double[] result = new double[1 + sequences.size()];
    Matcher row = ROW.matcher(out);
    while (row.find()) {
      boolean isPrompt = !row.group(1).equals("0");
      int column = isPrompt ? 0 : 1 + sequences.indexOf(Integer.valueOf(row.group(2)));
      result[column] = Double.parseDouble(row.group(3));
    }
    return result;
  }
}
