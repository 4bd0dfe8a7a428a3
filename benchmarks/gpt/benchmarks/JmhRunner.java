package gpt.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormat;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs JMH for one row at a time. */
final class JmhRunner {
  private static final int MAX_SECONDS = 600;

  /** Output of the forks, without the JVM's warning about incubator modules. */
  private static final PrintStream OUTPUT = new PrintStream(new Lines(), true, UTF_8);

  private final Timing timing;

  JmhRunner(Timing timing) {
    this.timing = timing;
  }

  /**
   * Measures a row. A row that fails, or whose result is wrong, has an error instead of times.
   *
   * @param seconds estimated time of a call
   */
  Row run(Spec spec, double seconds) {
    try {
      OutputFormat quiet = OutputFormatFactory.createFormatInstance(OUTPUT, VerboseMode.SILENT);
      return read(spec, new Runner(options(spec, timing.of(spec, seconds)).build(), quiet).run());
    } catch (RunnerException e) {
      return Row.failed(spec, message(e));
    }
  }

  private static ChainedOptionsBuilder options(Spec spec, Timing timing) {
    TimeValue time = TimeValue.milliseconds(timing.millis());
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include("\\." + Pattern.quote(spec.question()) + "\\.")
            .forks(Plan.ofDevice(spec.question()) ? 0 : 1)
            .warmupIterations(timing.warmUps())
            .warmupTime(time)
            .measurementIterations(timing.iterations())
            .measurementTime(time)
            .timeout(TimeValue.seconds(MAX_SECONDS))
            .shouldFailOnError(true)
            .verbosity(VerboseMode.SILENT)
            .jvmArgsAppend(spec.isStep() ? "-Xmx3g" : "-Xmx2g");
    for (Map.Entry<String, String> parameter : spec.parameters().entrySet()) {
      options.param(parameter.getKey(), parameter.getValue());
    }
    return options;
  }

  private static Row read(Spec spec, Collection<RunResult> results) {
    List<IterationResult> iterations = new ArrayList<>();
    results.forEach(
        result ->
            result.getBenchmarkResults().forEach(b -> iterations.addAll(b.getIterationResults())));
    if (iterations.isEmpty()) {
      return Row.failed(spec, "failed: no result");
    }
    double[] wall =
        iterations.stream().mapToDouble(i -> rounded(i.getPrimaryResult().getScore())).toArray();
    double[] device =
        iterations.stream()
            .mapToDouble(i -> rounded(counter(i, "deviceNanos") / counter(i, "calls")))
            .toArray();
    IterationResult first = iterations.get(0);
    return new Row(
        spec,
        wall,
        device[0] > 0 ? device : null,
        (long) counter(first, "bytes"),
        (long) counter(first, "flops"),
        null);
  }

  private static double counter(IterationResult iteration, String name) {
    Result<?> result = iteration.getSecondaryResults().get(name);
    return result.getScore();
  }

  /** Rounds to four significant digits, which keeps result files small. */
  private static double rounded(double value) {
    return Double.parseDouble(String.format(Locale.ROOT, "%.4g", value));
  }

  /** The message of the benchmark's own exception, which JMH wraps. */
  private static String message(Throwable e) {
    for (Throwable t = e; t != null; ) {
      if (t instanceof WrongResultException) {
        return t.getMessage();
      }
      Throwable inner = t.getSuppressed().length > 0 ? t.getSuppressed()[0] : t.getCause();
      if (inner == null) {
        return "failed: " + String.valueOf(t.getMessage()).lines().findFirst().orElse("");
      }
      t = inner;
    }
    return "failed";
  }

  /** Prints whole lines to System.err, without blank ones and the incubator warning. */
  private static final class Lines extends OutputStream {
    private static final String INCUBATOR = "WARNING: Using incubator modules";

    private final ByteArrayOutputStream line = new ByteArrayOutputStream();

    @Override
    public synchronized void write(int b) {
      line.write(b);
      if (b == '\n') {
        String text = line.toString(UTF_8);
        line.reset();
        if (!text.isBlank() && !text.startsWith(INCUBATOR)) {
          System.err.print(text);
        }
      }
    }
  }
}
