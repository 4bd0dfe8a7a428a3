package gpt.explore.plot;

import com.google.gson.JsonObject;
import gpt.engine.Engine;
import gpt.explore.Activations;
import gpt.model.GptConfig;
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

  /** Tokens of the prompt, and of the text in all, whose layers the page can show. */
  private static final int MAX_PROMPT_LAYERS = 32;

  private static final int MAX_LAYERS = 96;

  private final String title;
  private final Data data;
  private long bytes;
  private long lastBytes;
  private int[] next = {}; // the context that would follow the last step

  private Layers layers; // null for none

  /**
   * What happens inside the model.
   *
   * @param ids the text: what is shown holds for contexts that it begins with
   * @param nLayer number of blocks
   * @param nHead heads of each
   * @param nEmbd channels
   * @param lens of each position, as {@link LayersData#lens}
   * @param attention of each position, as {@link LayersData#attention}
   */
  private record Layers(
      int[] ids,
      int nLayer,
      int nHead,
      int nEmbd,
      List<JsonObject> lens,
      List<JsonObject> attention) {}

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

  /**
   * Adds what happens inside the model at the tokens of a text, as far as there is room: at the end
   * of the prompt, and after it.
   *
   * @param prompt number of tokens before the first step
   * @return whether all steps of the text have it
   * @throws gpt.GptException as {@link Activations#read}
   */
  public boolean addLayers(Engine engine, int[] text, int prompt) {
    GptConfig config = engine.config();
    int first = Math.max(0, prompt - MAX_PROMPT_LAYERS);
    int end = Math.min(text.length, Math.min(first + MAX_LAYERS, config.blockSize()));
    // Attention takes about 5.4 bytes for each weight, the rest little.
    long position = (long) config.nLayer() * (800 + 6L * config.nHead() * end);
    end = (int) Math.min(end, first + (MAX_BYTES - bytes) / position);
    if (end < prompt) {
      return false;
    }
    int[] ids = Arrays.copyOf(text, end);
    layers =
        new Layers(
            ids,
            config.nLayer(),
            config.nHead(),
            config.nEmbd(),
            LayersData.lens(engine, ids, first),
            LayersData.attention(engine, ids, first));
    return end == text.length;
  }

  /** Number of steps. */
  public int steps() {
    return data.steps.size();
  }

  /** The page. */
  public String html() {
    JsonObject json = StepData.GSON.toJsonTree(data).getAsJsonObject();
    json.add("layers", StepData.GSON.toJsonTree(layers));
    return LivePage.html(title, StepData.GSON.toJson(json), "'none'");
  }
}
