package gpt.explore.plot;

import com.google.gson.stream.JsonWriter;
import gpt.GptException;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.knowm.xchart.HeatMapChart;
import org.knowm.xchart.HeatMapChartBuilder;
import org.knowm.xchart.style.HeatMapStyler;

/**
 * The attention weights of one head, or the mean or maximum over a layer's heads, as a heat map:
 * rows are queries, columns are keys.
 *
 * @param layer index of the block, from 0
 * @param head index of the head, from 0, or {@code mean} or {@code max}
 * @param note the model, in words
 * @param tokens the tokens (T)
 * @param weights (T, 1 to T): row i has the i + 1 weights of query i, whose sum is 1 for a head and
 *     for the mean
 */
public record AttentionMap(
    int layer, String head, String note, List<Token> tokens, float[][] weights) implements Picture {

  /** The head of the mean over all heads. */
  public static final String MEAN = "mean";

  /** The head of the maximum over all heads. */
  public static final String MAX = "max";

  /** Maximum number of tokens in a picture; a page has no limit. */
  public static final int MAX_DRAWN = 100;

  private static final int CELL = 17;
  private static final int MIN_SIDE = 340;
  private static final int MAX_LABEL_LENGTH = 16;
  private static final int AXIS_WIDTH = 130;
  private static final int LEGEND_WIDTH = 110;

  /** A token and its label, in which spaces and control characters are visible. */
  public record Token(int id, String label) {}

  /**
   * Checks that a picture is not too large.
   *
   * @throws GptException if the file is a picture and there are more than {@link #MAX_DRAWN} tokens
   */
  public static void check(PlotFile file, int tokens) {
    if (file.format() != PlotFile.Format.HTML && tokens > MAX_DRAWN) {
      throw new GptException(
          ("--plot: a picture shows at most %s tokens, and the prompt has %s; write a page"
                  + " (--plot FILE.html) or use a shorter prompt")
              .formatted(MAX_DRAWN, tokens));
    }
  }

  /**
   * Writes a picture or a page, by the file's format.
   *
   * @throws GptException if there are too many tokens, or the file cannot be written
   */
  public void write(PlotFile file) {
    check(file, tokens.size());
    if (file.format() == PlotFile.Format.HTML) {
      file.write(html());
    } else {
      file.write(this);
    }
  }

  /** The keys with the largest weights of a query, largest first, at most {@code n}. */
  public List<Integer> strongest(int query, int n) {
    return IntStream.rangeClosed(0, query)
        .boxed()
        .sorted((a, b) -> Float.compare(weights[query][b], weights[query][a]))
        .limit(n)
        .toList();
  }

  @Override
  public String title() {
    return "Attention of layer " + layer + ", " + (isOne() ? "head " + head : head + " over heads");
  }

  /** Whether this is one head. */
  public boolean isOne() {
    return !head.equals(MEAN) && !head.equals(MAX);
  }

  @Override
  public String description() {
    StringBuilder text = new StringBuilder(note);
    text.append(". Rows are queries, columns are keys");
    text.append(head.equals(MAX) ? "." : "; each row sums to 1.");
    for (int query = 0; query < tokens.size(); query++) {
      int key = strongest(query, 1).getFirst();
      text.append(
          String.format(
              Locale.ROOT,
              " %s attends most to %s (%.2f)%s",
              name(query),
              name(key),
              weights[query][key],
              query < tokens.size() - 1 ? "," : "."));
    }
    return text.toString();
  }

  private String name(int token) {
    return token + " " + Sheet.shortened(tokens.get(token).label, MAX_LABEL_LENGTH);
  }

  private int side() {
    return Math.max(MIN_SIDE, CELL * tokens.size());
  }

  @Override
  public int width() {
    return side() + AXIS_WIDTH + LEGEND_WIDTH;
  }

  @Override
  public int height() {
    return side() + AXIS_WIDTH + 30;
  }

  @Override
  public void draw(Graphics2D graphics) {
    HeatMapChart chart =
        new HeatMapChartBuilder()
            .width(width())
            .height(height())
            .title(title())
            .xAxisTitle("keys")
            .yAxisTitle("queries")
            .build();
    style(chart.getStyler());
    int n = tokens.size();
    List<String> columns = IntStream.range(0, n).mapToObj(this::name).toList();
    List<Number[]> cells = new ArrayList<>();
    for (int query = 0; query < n; query++) {
      for (int key = 0; key <= query; key++) {
        // The chart counts rows from the bottom. The causal mask leaves later keys without a cell.
        cells.add(new Number[] {key, n - 1 - query, (double) weights[query][key]});
      }
    }
    chart.addSeries("weight", columns, columns.reversed(), cells);
    chart.paint(graphics, width(), height());
  }

  private static void style(HeatMapStyler style) {
    style.setPiecewise(false);
    style.setMin(0);
    style.setMax(1);
    style.setRangeColors(
        IntStream.rangeClosed(0, ColourScale.LEVELS)
            .mapToObj(i -> ColourScale.at((double) i / ColourScale.LEVELS))
            .toArray(Color[]::new));
    style.setChartBackgroundColor(Color.WHITE);
    style.setPlotGridLinesVisible(false);
    style.setPlotContentSize(1);
    style.setXAxisLabelRotation(90);
    style.setXAxisMaxLabelCount(MAX_DRAWN);
    style.setAxisTickLabelsFont(new Font(Font.MONOSPACED, Font.PLAIN, 11));
    style.setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 15));
    style.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
  }

  /**
   * A self-contained HTML page: the user selects a query, the keys are coloured by its weights, the
   * largest weights are listed, and short prompts have a table of all weights.
   */
  public String html() {
    return new Page("attention.html")
        .text("title", title())
        .text("note", PictureEncoder.line(note))
        .json("data", this::data)
        .toString();
  }

  private void data(JsonWriter json) throws IOException {
    json.beginObject().name("labels").beginArray();
    for (Token token : tokens) {
      json.value(token.label);
    }
    json.endArray().name("ids").beginArray();
    for (Token token : tokens) {
      json.value(token.id);
    }
    json.endArray().name("weights").beginArray();
    for (float[] row : weights) {
      json.beginArray();
      for (float weight : row) {
        json.value(Math.round(weight * 1e5) / 1e5);
      }
      json.endArray();
    }
    json.endArray().endObject();
  }
}
