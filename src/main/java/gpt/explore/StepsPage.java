package gpt.explore;

import com.google.gson.Gson;
import gpt.sampling.ChainStep;
import gpt.sampling.ChainTrace;
import gpt.sampling.SamplingParameters;
import gpt.sampling.Weight;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * A self-contained page on which the user moves through the steps of a completion and changes the
 * parameters of the sampling chain. It holds each step's logits; its script {@code chain.js}
 * computes the chain in the browser, with the same bits as {@link gpt.sampling.HostSampler}.
 *
 * <p>A step takes 5.3 bytes for each id of the vocabulary.
 */
public final class StepsPage {
  private static final String DATA = "@DATA@";

  /** Approximate maximum size of the file in bytes. */
  private static final long MAX_BYTES = 24_000_000;

  private final String title;
  private final Data data;
  private long bytes;
  private long lastBytes;

  /** The page's data, as JSON. */
  private record Data(
      Map<String, Double> settings,
      List<String> before,
      int[] coefficients,
      String[] labels,
      List<Step> steps) {}

  /**
   * One token. Arrays are Base64 of 32-bit numbers, little-endian.
   *
   * @param logits after penalties and biases, before the temperature (V)
   * @param changedIds ids whose logits penalties or biases changed
   * @param modelLogits the model's logits of these ids
   * @param random the random number in units of 2⁻²⁴
   * @param chosen the token that was drawn
   * @param temperature the temperature that it was drawn with
   */
  private record Step(
      String context,
      String logits,
      String changedIds,
      String modelLogits,
      int random,
      int chosen,
      double temperature) {}

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
        .forEach(step -> settings.put(camelCase(step), step.value(parameters)));
    data = new Data(settings, before, Weight.coefficients(), labels.clone(), new ArrayList<>());
    for (String label : labels) {
      bytes += label.getBytes(StandardCharsets.UTF_8).length + 3;
    }
  }

  /** A step's name in the page's scripts: {@code topK}. */
  private static String camelCase(ChainStep step) {
    return Pattern.compile("_(.)")
        .matcher(step.key())
        .replaceAll(match -> match.group(1).toUpperCase(Locale.ROOT));
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
   * @param context the end of the context, as text to show
   * @param trace the step's trace
   * @throws IllegalArgumentException if the trace's vocabulary has another size
   */
  public void add(String context, ChainTrace trace) {
    float[] logits = trace.adjusted();
    float[] model = trace.logits();
    if (logits.length != data.labels.length) {
      throw new IllegalArgumentException(
          "expected " + data.labels.length + " logits, found " + logits.length);
    }
    int[] changed = IntStream.range(0, model.length).filter(i -> model[i] != logits[i]).toArray();
    ByteBuffer changedIds = buffer(changed.length);
    ByteBuffer modelLogits = buffer(changed.length);
    for (int id : changed) {
      changedIds.putInt(id);
      modelLogits.putFloat(model[id]);
    }
    ByteBuffer all = buffer(logits.length);
    for (float logit : logits) {
      all.putFloat(logit);
    }
    Step step =
        new Step(
            context,
            base64(all),
            base64(changedIds),
            base64(modelLogits),
            (int) (trace.random() * 0x1p24),
            trace.chosen(),
            trace.parameters().temperature());
    data.steps.add(step);
    lastBytes =
        step.logits.length()
            + step.changedIds.length()
            + step.modelLogits.length()
            + context.getBytes(StandardCharsets.UTF_8).length;
    bytes += lastBytes;
  }

  private static ByteBuffer buffer(int numbers) {
    return ByteBuffer.allocate(4 * numbers).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static String base64(ByteBuffer numbers) {
    return Base64.getEncoder().encodeToString(numbers.array());
  }

  /** Number of steps. */
  public int steps() {
    return data.steps.size();
  }

  /** The page. */
  public String html() {
    // Placeholders are replaced in the template only, since labels may contain them too.
    String template = Page.resource("steps.html");
    int at = template.indexOf(DATA);
    return filled(template.substring(0, at))
        // Gson escapes angle brackets, so no label can end the script element.
        + new Gson().toJson(data)
        + filled(template.substring(at + DATA.length()));
  }

  private String filled(String part) {
    return part.replace("@STYLE@", Page.resource("steps.css"))
        .replace("@CHAIN@", Page.resource("chain.js"))
        .replace("@VIEW@", Page.resource("steps.js"))
        .replace("@CONTROLS@", Page.resource("controls.js"))
        .replace("@TITLE@", Page.escape(title));
  }
}
