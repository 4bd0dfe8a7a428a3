package gpt.explore;

import com.google.gson.Gson;
import gpt.sampling.ChainStep;
import gpt.sampling.ChainTrace;
import gpt.sampling.SamplingParameters;
import gpt.sampling.Weight;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
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
 * A page, one file by itself, in which one walks the steps of a run and changes the settings of its
 * sampling chain. It holds each step's logits and works the chain out anew, to the same bits as
 * {@link gpt.sampling.HostSampler}: see {@code chain.js} beside its template.
 *
 * <p>A step takes 5.3 bytes an id of the vocabulary.
 */
public final class StepsPage {
  private static final String DATA = "@DATA@";

  /** Bytes of the file, about. */
  private static final long LIMIT = 24_000_000;

  private final String title;
  private final Data data;
  private long bytes;
  private long lastBytes;

  /** What the page gets, as JSON. */
  private record Data(
      Map<String, Double> settings,
      List<String> before,
      int[] coefficients,
      String[] labels,
      List<Step> steps) {}

  /**
   * One token. Numbers are in Base64, 32 bits each, little-endian.
   *
   * @param logits as the temperature takes them (V)
   * @param ownIds the ids that steps before the temperature have changed
   * @param ownLogits what the model itself gave these
   * @param random the random number in units of 2⁻²⁴
   * @param temperature that it was drawn at
   */
  private record Step(
      String context,
      String logits,
      String ownIds,
      String ownLogits,
      int random,
      int chosen,
      double temperature) {}

  /**
   * A page without steps.
   *
   * @param title its headline
   * @param parameters what all its steps are drawn with, apart from the temperature
   * @param labels for each id what is shown for it (V)
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

  /** A step's name as the page's scripts have it: {@code topK}. */
  private static String camelCase(ChainStep step) {
    return Pattern.compile("_(.)")
        .matcher(step.key())
        .replaceAll(match -> match.group(1).toUpperCase(Locale.ROOT));
  }

  /**
   * Whether the file stays below about 24 MB with a further step; the first one always has room.
   */
  public boolean hasRoom() {
    return data.steps.isEmpty() || bytes + lastBytes <= LIMIT;
  }

  /**
   * Adds a token.
   *
   * @param context the end of what comes before it, as it is to be shown
   * @param trace how it was drawn
   * @throws IllegalArgumentException where its vocabulary is another one
   */
  public void add(String context, ChainTrace trace) {
    float[] logits = trace.adjusted();
    float[] own = trace.logits();
    if (logits.length != data.labels.length) {
      throw new IllegalArgumentException(
          "expected " + data.labels.length + " logits, found " + logits.length);
    }
    int[] changed = IntStream.range(0, own.length).filter(id -> own[id] != logits[id]).toArray();
    ByteBuffer ownIds = buffer(changed.length);
    ByteBuffer ownLogits = buffer(changed.length);
    for (int id : changed) {
      ownIds.putInt(id);
      ownLogits.putFloat(own[id]);
    }
    ByteBuffer all = buffer(logits.length);
    for (float logit : logits) {
      all.putFloat(logit);
    }
    Step step =
        new Step(
            context,
            base64(all),
            base64(ownIds),
            base64(ownLogits),
            (int) (trace.random() * 0x1p24),
            trace.chosen(),
            trace.parameters().temperature());
    data.steps.add(step);
    lastBytes =
        step.logits.length()
            + step.ownIds.length()
            + step.ownLogits.length()
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

  /** The whole file. */
  public String html() {
    // The data are never searched, whatever they hold.
    String template = resource("steps.html");
    int at = template.indexOf(DATA);
    return filled(template.substring(0, at))
        // Gson writes < and the like as numbers, so that no label can end the script.
        + new Gson().toJson(data)
        + filled(template.substring(at + DATA.length()));
  }

  private String filled(String part) {
    return part.replace("@STYLE@", resource("steps.css"))
        .replace("@CHAIN@", resource("chain.js"))
        .replace("@VIEW@", resource("steps.js"))
        .replace("@CONTROLS@", resource("controls.js"))
        .replace("@TITLE@", escaped(title));
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }

  private static String resource(String name) {
    try (InputStream in = StepsPage.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // out of the jar
    }
  }
}
