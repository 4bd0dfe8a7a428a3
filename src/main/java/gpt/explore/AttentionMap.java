package gpt.explore;

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
 * What one attention head looks at: a row for each token, the query, and in it the weight of each
 * token up to that one, the keys.
 *
 * @param layer counted from 0
 * @param head counted from 0
 * @param note which model, in words
 * @param tokens T of them
 * @param weights (T, 1 to T): row i has i + 1 weights, whose sum is 1
 */
public record AttentionMap(int layer, int head, String note, List<Token> tokens, float[][] weights)
    implements Picture {

  /** Tokens that a picture has room for; a page takes any number. */
  public static final int MOST_DRAWN = 100;

  private static final int CELL = 17;
  private static final int SMALLEST = 340;
  private static final int LONGEST_LABEL = 16;
  private static final int AROUND = 130;
  private static final int LEGEND = 110;

  /** A token, its label with everything visible. */
  public record Token(int id, String label) {}

  /**
   * Refuses what a picture has no room for; a page takes any number of tokens.
   *
   * @throws GptException where that is so
   */
  public static void check(PlotFile file, int tokens) {
    if (file.format() != PlotFile.Format.HTML && tokens > MOST_DRAWN) {
      throw new GptException(
          "--plot: a picture has room for "
              + MOST_DRAWN
              + " tokens, and the prompt has "
              + tokens
              + ": write a page, --plot FILE.html, or take a shorter prompt");
    }
  }

  /**
   * Draws it into the file, or writes the page.
   *
   * @throws GptException where there are too many tokens, or the file cannot be written
   */
  public void write(PlotFile file) {
    check(file, tokens.size());
    if (file.format() == PlotFile.Format.HTML) {
      file.write(html());
    } else {
      file.write(this);
    }
  }

  /** The keys that a query looks at most, the first being the strongest. */
  public List<Integer> strongest(int query, int most) {
    return IntStream.rangeClosed(0, query)
        .boxed()
        .sorted((a, b) -> Float.compare(weights[query][b], weights[query][a]))
        .limit(most)
        .toList();
  }

  @Override
  public String title() {
    return "Attention of layer " + layer + ", head " + head;
  }

  @Override
  public String description() {
    StringBuilder text = new StringBuilder(note);
    text.append(". Rows are tokens that look, columns tokens looked at; each row adds up to 1.");
    for (int query = 0; query < tokens.size(); query++) {
      int key = strongest(query, 1).getFirst();
      text.append(
          String.format(
              Locale.ROOT,
              " %s looks most at %s (%.2f)%s",
              name(query),
              name(key),
              weights[query][key],
              query < tokens.size() - 1 ? "," : "."));
    }
    return text.toString();
  }

  private String name(int token) {
    String label = tokens.get(token).label;
    boolean cut = label.codePointCount(0, label.length()) > LONGEST_LABEL;
    return token
        + " "
        + (cut ? label.substring(0, label.offsetByCodePoints(0, LONGEST_LABEL - 1)) + "…" : label);
  }

  private int side() {
    return Math.max(SMALLEST, CELL * tokens.size());
  }

  @Override
  public int width() {
    return side() + AROUND + LEGEND;
  }

  @Override
  public int height() {
    return side() + AROUND + 30;
  }

  @Override
  public void draw(Graphics2D graphics) {
    HeatMapChart chart =
        new HeatMapChartBuilder()
            .width(width())
            .height(height())
            .title(title())
            .xAxisTitle("keys: tokens looked at")
            .yAxisTitle("queries: tokens that look")
            .build();
    style(chart.getStyler());
    int n = tokens.size();
    List<String> columns = IntStream.range(0, n).mapToObj(this::name).toList();
    List<Number[]> cells = new ArrayList<>();
    for (int query = 0; query < n; query++) {
      for (int key = 0; key <= query; key++) {
        // Rows are counted from below; later keys have no cell, since nothing looks ahead.
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
    style.setXAxisMaxLabelCount(MOST_DRAWN);
    style.setAxisTickLabelsFont(new Font(Font.MONOSPACED, Font.PLAIN, 11));
    style.setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 15));
    style.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
  }

  /**
   * A page by itself: the tokens, of which one is chosen and the others coloured by what it looks
   * at, a list of its strongest keys, and, where there are not too many, the whole as a table.
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
