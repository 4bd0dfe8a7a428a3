package gpt.explore;

import gpt.sampling.ChainStep;
import gpt.sampling.ChainTrace;
import gpt.sampling.SamplingParameters;
import gpt.sampling.Weight;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A self-contained page on which the user moves through the steps of a completion and changes the
 * parameters of the sampling chain. It holds each step's logits; its script {@code chain.js}
 * computes the chain in the browser, with the same bits as {@link gpt.sampling.HostSampler}.
 *
 * <p>A step takes 5.3 bytes for each id of the vocabulary.
 */
public final class StepsPage {
  /** Approximate maximum size of the file in bytes. */
  private static final long MAX_BYTES = 24_000_000;

  private final String title;
  private final Data data;
  private long bytes;
  private long lastBytes;
  private int[] next = {}; // the context that would follow the last step

  /** The page's data, as JSON. */
  private record Data(
      Map<String, Double> settings,
      List<String> before,
      int[] coefficients,
      String[] labels,
      List<StepData> steps) {}

  /**
   * Creates a page without steps.
   *
   * @param title its headline
   * @param parameters the sampling parameters of all steps, except for the temperature
   * @param labels the label of each id (V)
   */
  public StepsPage(String title, SamplingParameters parameters, String[] labels) {
    this.title = title;
    List<String> before =
        Arrays.stream(ChainStep.values())
            .filter(step -> step.compareTo(ChainStep.TEMPERATURE) < 0 && step.isOn(parameters))
            .map(ChainStep::label)
            .toList();
    Map<String, Double> settings = new TreeMap<>();
    Arrays.stream(ChainStep.values())
        .filter(ChainStep::isFilter)
        .forEach(step -> settings.put(step.key(), step.value(parameters)));
    data = new Data(settings, before, Weight.coefficients(), labels.clone(), new ArrayList<>());
    for (String label : labels) {
      bytes += label.getBytes(StandardCharsets.UTF_8).length + 3;
    }
  }

  /**
   * Whether the file stays below about 24 MB with another step. Always true before the first step.
   */
  public boolean hasRoom() {
    return data.steps.isEmpty() || bytes + lastBytes <= MAX_BYTES;
  }

  /**
   * Adds a step.
   *
   * @param name what the step is called, where one context has several; empty if nothing
   * @param ids the tokens of the context
   * @param trace the step's trace
   * @throws IllegalArgumentException if the trace's vocabulary has another size
   */
  public void add(String name, int[] ids, ChainTrace trace) {
    if (trace.logits().length != data.labels.length) {
      throw new IllegalArgumentException(
          "expected " + data.labels.length + " logits, found " + trace.logits().length);
    }
    boolean continues = Arrays.equals(ids, next);
    StepData step = StepData.of(name, continues ? null : ids, trace);
    next = Arrays.copyOf(ids, ids.length + 1);
    next[ids.length] = trace.chosen();
    data.steps.add(step);
    lastBytes = step.bytes();
    bytes += lastBytes;
  }

  /** Number of steps. */
  public int steps() {
    return data.steps.size();
  }

  /** The page. */
  public String html() {
    return LivePage.html(title, StepData.GSON.toJson(data), "'none'");
  }
}
