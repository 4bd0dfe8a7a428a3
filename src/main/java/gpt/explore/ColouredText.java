package gpt.explore;

import gpt.GptException;
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

/** A text whose tokens are coloured by a number each, such as their loss. */
public final class ColouredText implements Picture {
  /** Tokens that a picture has room for; a page takes any number. */
  public static final int MOST_DRAWN = 5000;

  /** Tokens with the greatest numbers that are listed. */
  static final int LISTED = 20;

  /** The share of the numbers that the scale has to cover. */
  private static final double COVERED = 0.99;

  private static final double[] ROUND = {1, 1.5, 2, 3, 4, 5, 6, 8, 10};

  private final Caption caption;
  private final int[] ids;
  private final double[] values;
  private final IntFunction<byte[]> bytes;
  private final Map<Integer, String> texts = new HashMap<>();
  private ColouredLines lines;

  /**
   * What is said beside the text; line ends and controls in it are replaced.
   *
   * @param title a line on what it shows
   * @param note more of it, may be empty
   * @param quantity what the numbers are: {@code loss}
   * @param unit what they are counted in: {@code nats}
   */
  public record Caption(String title, String note, String quantity, String unit) {
    /** Makes each of them fit for a line of a picture. */
    public Caption {
      title = PictureEncoder.line(title);
      note = PictureEncoder.line(note);
      quantity = PictureEncoder.line(quantity);
      unit = PictureEncoder.line(unit);
    }

    /** The numbers in words: {@code loss in nats}. */
    String measure() {
      return unit.isEmpty() ? quantity : quantity + " in " + unit;
    }
  }

  /**
   * The text of tokens.
   *
   * @param ids the tokens in order
   * @param values a number of 0 or more for each, NaN where it has none
   * @param bytes the UTF-8 bytes of an id, which may be part of a character; null where the model
   *     has no tokenizer: the ids are shown
   */
  public ColouredText(Caption caption, int[] ids, double[] values, IntFunction<byte[]> bytes) {
    if (ids.length != values.length) {
      throw new IllegalArgumentException(ids.length + " tokens, " + values.length + " numbers");
    }
    if (Arrays.stream(values).anyMatch(v -> v < 0)) {
      throw new IllegalArgumentException("a number is negative");
    }
    this.caption = caption;
    this.ids = ids.clone();
    this.values = values.clone();
    this.bytes = bytes;
  }

  /**
   * Refuses what a picture has no room for; a page takes any text.
   *
   * @throws GptException where that is so
   */
  public static void check(PlotFile file, int tokens) {
    if (file.format() != PlotFile.Format.HTML) {
      checkDrawn(tokens);
    }
  }

  private static void checkDrawn(int tokens) {
    if (tokens > MOST_DRAWN) {
      throw new GptException(
          "--plot: a picture has room for "
              + MOST_DRAWN
              + " tokens, and the text has "
              + tokens
              + ": write a page, --plot FILE.html, or take a shorter text");
    }
  }

  /**
   * Draws the text into the file, or writes the page.
   *
   * @throws GptException where it is too long for a picture, or the file cannot be written
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

  /** The token as it stands in the text: real spaces and ends of lines. */
  String text(int token) {
    return texts.computeIfAbsent(
        ids[token], id -> bytes == null ? id + " " : TokenLabel.text(bytes.apply(id)));
  }

  /** The token with everything in it visible. */
  String label(int token) {
    return bytes == null ? String.valueOf(ids[token]) : TokenLabel.of(bytes.apply(ids[token]));
  }

  /** The number that has the scale's last colour; greater ones have it too. */
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
    for (double round : ROUND) {
      if (round * power >= covered) {
        return round * power;
      }
    }
    return 10 * power;
  }

  /** Whether some number lies beyond the scale. */
  boolean clipped() {
    double top = top();
    return Arrays.stream(values).anyMatch(v -> v > top);
  }

  /** How many tokens, and what their numbers are on average. */
  String summary() {
    String count =
        String.format(Locale.ROOT, "%,d token%s", ids.length, ids.length == 1 ? "" : "s");
    return Arrays.stream(values).filter(v -> !Double.isNaN(v)).average().stream()
        .mapToObj(mean -> count + ", " + caption.quantity + " on average " + withUnit(mean))
        .findFirst()
        .orElse(count + ", none with a " + caption.quantity);
  }

  /** Tokens with the greatest numbers, the greatest first. */
  List<Integer> greatest() {
    return IntStream.range(0, ids.length)
        .filter(i -> !Double.isNaN(values[i]))
        .boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> values[i]).reversed())
        .limit(LISTED)
        .toList();
  }

  /** A number with its unit. */
  String withUnit(double value) {
    return (number(value) + " " + caption.unit).strip();
  }

  /** Digits that a reader can use. */
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
    String greatest =
        greatest().stream()
            .map(i -> "position " + i + " " + label(i) + " " + number(values[i]))
            .collect(Collectors.joining(", "));
    return "%s %s. Each token's background shows its %s, pale for 0, dark blue for %s. Greatest: %s."
        .formatted(
            caption.note,
            summary(),
            caption.quantity,
            withUnit(top()) + (clipped() ? " or more" : ""),
            greatest)
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
   * A page by itself: the text with its colours, the number of each token under the pointer and for
   * the arrow keys, and a table of the greatest. Long texts are coloured as they come into view.
   */
  public String html() {
    return new TextPage(this).html();
  }
}
