package gpt.explore.plot;

import gpt.GptException;
import gpt.explore.TokenScore;
import gpt.tokenizer.TokenLabel;
import java.awt.Graphics2D;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A text with a value for each token, such as its loss, shown as the token's background colour. */
public final class ColouredText implements Picture {
  /** Maximum number of tokens in a picture; a page has no limit. */
  public static final int MAX_DRAWN = 5000;

  /** Maximum number of tokens of a page that shows what was likelier than each. */
  public static final int MAX_SCORED = 100_000;

  /** Number of tokens in the list of the largest values. */
  static final int LISTED = 20;

  /** The colour scale covers this share of the values; the rest has its last colour. */
  private static final double COVERED = 0.99;

  private static final double[] ROUND_NUMBERS = {1, 1.5, 2, 3, 4, 5, 6, 8, 10};

  private final Caption caption;
  private final int[] ids;
  private final double[] values;
  private final TokenScore[] scores;
  private final IntFunction<byte[]> bytes;
  private final Map<Integer, String> texts = new HashMap<>();
  private ColouredLines lines;

  /**
   * The words beside the text. Line ends and control characters in them are replaced.
   *
   * @param title the headline
   * @param note a line below it, may be empty
   * @param quantity what the values are: {@code loss}
   * @param unit their unit: {@code nats}; may be empty
   */
  public record Caption(String title, String note, String quantity, String unit) {
    /** Makes each a single line. */
    public Caption {
      title = PictureEncoder.line(title);
      note = PictureEncoder.line(note);
      quantity = PictureEncoder.line(quantity);
      unit = PictureEncoder.line(unit);
    }

    /** Quantity and unit: {@code loss in nats}. */
    String measure() {
      return unit.isEmpty() ? quantity : quantity + " in " + unit;
    }
  }

  /**
   * Creates a text from tokens.
   *
   * @param ids the tokens (n)
   * @param values of each token (n), 0 or more; NaN for none
   * @param scores what was likelier than each token (n), null for none; or null without scores. A
   *     page of up to {@link #MAX_SCORED} tokens shows it
   * @param bytes returns the UTF-8 bytes of an id, which may be part of a character; null without a
   *     tokenizer: then the ids are shown
   */
  public ColouredText(
      Caption caption, int[] ids, double[] values, TokenScore[] scores, IntFunction<byte[]> bytes) {
    if (ids.length != values.length) {
      throw new IllegalArgumentException(ids.length + " tokens, " + values.length + " values");
    }
    if (Arrays.stream(values).anyMatch(v -> v < 0)) {
      throw new IllegalArgumentException("a value is negative");
    }
    this.caption = caption;
    this.ids = ids.clone();
    this.values = values.clone();
    this.scores = ids.length <= MAX_SCORED ? scores : null;
    this.bytes = bytes;
  }

  /**
   * Checks that a picture is not too large.
   *
   * @throws GptException if the file is a picture and there are more than {@link #MAX_DRAWN} tokens
   */
  public static void check(PlotFile file, int tokens) {
    if (file.format() != PlotFile.Format.HTML) {
      checkDrawn(tokens);
    }
  }

  private static void checkDrawn(int tokens) {
    if (tokens > MAX_DRAWN) {
      throw new GptException(
          ("--plot: a picture shows at most %s tokens, and the text has %s; write a page"
                  + " (--plot FILE.html) or use a shorter text")
              .formatted(MAX_DRAWN, tokens));
    }
  }

  /**
   * Writes a picture or a page, by the file's format.
   *
   * @throws GptException if the text is too long for a picture, or the file cannot be written
   */
  public void write(PlotFile file) {
    if (file.format() == PlotFile.Format.HTML) {
      file.write(html());
    } else {
      checkDrawn(ids.length);
      file.write(this);
    }
  }

  Caption caption() {
    return caption;
  }

  int size() {
    return ids.length;
  }

  int id(int token) {
    return ids[token];
  }

  double value(int token) {
    return values[token];
  }

  /** Whether there are scores. */
  boolean isScored() {
    return scores != null;
  }

  /** A token's score, or null. */
  TokenScore score(int token) {
    return scores[token];
  }

  /** The token as text, with real spaces and line ends. */
  String text(int token) {
    return texts.computeIfAbsent(
        ids[token], id -> bytes == null ? id + " " : TokenLabel.text(bytes.apply(id)));
  }

  /** The token's label, in which spaces and control characters are visible. */
  String label(int token) {
    return labelOf(ids[token]);
  }

  String labelOf(int id) {
    return bytes == null ? String.valueOf(id) : TokenLabel.of(bytes.apply(id));
  }

  /** The value of the scale's last colour, a round number; larger values have that colour too. */
  double top() {
    double[] sorted = Arrays.stream(values).filter(Double::isFinite).sorted().toArray();
    if (sorted.length == 0) {
      return 1;
    }
    double covered = sorted[(int) Math.ceil(COVERED * sorted.length) - 1];
    if (covered <= 0) {
      return 1;
    }
    double power = Math.pow(10, Math.floor(Math.log10(covered)));
    for (double round : ROUND_NUMBERS) {
      if (round * power >= covered) {
        return round * power;
      }
    }
    return 10 * power;
  }

  /** Whether a value is above the scale. */
  boolean clipped() {
    double top = top();
    return Arrays.stream(values).anyMatch(v -> v > top);
  }

  /** The number of tokens and the mean of the values, in words. */
  String summary() {
    String count =
        String.format(Locale.ROOT, "%,d token%s", ids.length, ids.length == 1 ? "" : "s");
    return Arrays.stream(values).filter(v -> !Double.isNaN(v)).average().stream()
        .mapToObj(mean -> count + ", mean " + caption.quantity + " " + withUnit(mean))
        .findFirst()
        .orElse(count + ", none with a " + caption.quantity);
  }

  /** Positions of the largest values, largest first. */
  List<Integer> largest() {
    return IntStream.range(0, ids.length)
        .filter(i -> !Double.isNaN(values[i]))
        .boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> values[i]).reversed())
        .limit(LISTED)
        .toList();
  }

  String withUnit(double value) {
    return (number(value) + " " + caption.unit).strip();
  }

  /** A value with two digits after the point, or three below 1. */
  static String number(double value) {
    if (Double.isInfinite(value)) {
      return "∞";
    }
    String text = String.format(Locale.ROOT, value < 1 ? "%.3f" : "%.2f", value);
    return text.replaceFirst("\\.?0+$", "");
  }

  @Override
  public int width() {
    return ColouredLines.WIDTH;
  }

  @Override
  public int height() {
    return lines().height();
  }

  @Override
  public String title() {
    return caption.title;
  }

  @Override
  public String description() {
    String largest =
        largest().stream()
            .map(i -> "position " + i + " " + label(i) + " " + number(values[i]))
            .collect(Collectors.joining(", "));
    return "%s %s. Each token's background shows its %s, pale for 0, dark blue for %s. Largest: %s."
        .formatted(
            caption.note,
            summary(),
            caption.quantity,
            withUnit(top()) + (clipped() ? " or more" : ""),
            largest)
        .strip();
  }

  @Override
  public void draw(Graphics2D graphics) {
    lines().draw(graphics);
  }

  private ColouredLines lines() {
    if (lines == null) {
      checkDrawn(ids.length);
      lines = new ColouredLines(this);
    }
    return lines;
  }

  /**
   * A self-contained HTML page: the coloured text, the value of the token under the pointer or
   * selected with the arrow keys, and a table of the largest values.
   */
  public String html() {
    return new TextPage(this).html();
  }
}
