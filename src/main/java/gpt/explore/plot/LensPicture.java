package gpt.explore.plot;

import static gpt.explore.plot.Sheet.MARGIN;
import static gpt.explore.plot.Sheet.TEXT;

import gpt.explore.Lens;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;
import java.util.Locale;
import java.util.function.IntFunction;

/**
 * A lens as a table: a column for each position, a row for each layer, the likeliest token in each
 * cell on the colour of its probability; beside it the norms that attention and the MLP add at the
 * last position.
 *
 * @param lens at most {@link #MAX_POSITIONS} positions are drawn, the last ones
 * @param labels returns the label of an id
 */
public record LensPicture(Lens lens, IntFunction<String> labels) implements Picture {
  /** Positions that a picture has room for. */
  public static final int MAX_POSITIONS = 40;

  private static final int HEADING = 64;
  private static final int ROW_NAME = 56;
  private static final int ROW = 32;
  private static final int CELL = 66;
  private static final int NORM = 110;
  private static final int GAP = 18;
  private static final int MAX_LABEL = 7;

  private int positions() {
    return Math.min(MAX_POSITIONS, lens.rows());
  }

  private int first() {
    return lens.rows() - positions();
  }

  @Override
  public int width() {
    return Math.max(620, left() + positions() * CELL + GAP + 2 * NORM + 2 * GAP + MARGIN);
  }

  private static int left() {
    return MARGIN + ROW_NAME;
  }

  @Override
  public int height() {
    return HEADING + (lens.layers().size() + 1) * ROW + MARGIN;
  }

  @Override
  public String title() {
    return "What the model would predict after each layer";
  }

  private static String name(int layer) {
    return layer == 0 ? "embed" : "layer " + (layer - 1);
  }

  @Override
  public String description() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < lens.layers().size(); i++) {
      Lens.Prediction last = lens.layers().get(i).predictions().getLast();
      text.append(i == 0 ? "" : ", ").append(name(i)).append(' ');
      text.append(labels.apply(last.ids()[0])).append(number(" %.2f", last.probabilities()[0]));
    }
    return "After the last token: " + text + ".";
  }

  private static String number(String format, double value) {
    return String.format(Locale.ROOT, format, value);
  }

  @Override
  public void draw(Graphics2D graphics) {
    Sheet.begin(
        graphics,
        this,
        "Cells: the likeliest next token and its probability. Bars: norms at the last token.");
    Font mono = new Font(Font.MONOSPACED, Font.PLAIN, 12);
    Font bold = mono.deriveFont(Font.BOLD);
    for (int i = 0; i < positions(); i++) {
      graphics.setColor(TEXT);
      graphics.setFont(bold);
      String label = labels.apply(lens.ids()[lens.first() + first() + i]);
      graphics.drawString(
          Sheet.shortened(label, MAX_LABEL), left() + i * CELL + 4, HEADING + ROW - 12);
    }
    for (int layer = 0; layer < lens.layers().size(); layer++) {
      int y = HEADING + (layer + 1) * ROW;
      graphics.setColor(TEXT);
      graphics.setFont(mono.deriveFont(11f));
      graphics.drawString(name(layer), MARGIN, y + ROW - 12);
      for (int i = 0; i < positions(); i++) {
        cell(graphics, lens.layers().get(layer).predictions().get(first() + i), i, y);
      }
    }
    int x = left() + positions() * CELL + GAP;
    norms(graphics, x, "attention adds", Sheet.BLUE, true);
    norms(graphics, x + NORM + GAP, "MLP adds", Sheet.VERMILLION, false);
  }

  private void cell(Graphics2D graphics, Lens.Prediction each, int column, int y) {
    Color colour = ColourScale.at(each.probabilities()[0]);
    int x = left() + column * CELL;
    graphics.setColor(colour);
    graphics.fill(new Rectangle2D.Double(x + 1, y + 1, CELL - 2.0, ROW - 2.0));
    graphics.setColor(ColourScale.textOn(colour));
    graphics.setFont(new Font(Font.MONOSPACED, Font.BOLD, 12));
    graphics.drawString(Sheet.shortened(labels.apply(each.ids()[0]), MAX_LABEL), x + 4, y + 14);
    graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 8));
    graphics.drawString(number("%.2f", each.probabilities()[0]), x + 4, y + ROW - 5);
  }

  /** The norms at the last position as bars; the longest bar of both kinds is the largest. */
  private void norms(Graphics2D graphics, int x, String name, Color colour, boolean attention) {
    double largest = 1e-30;
    for (Lens.Layer layer : lens.layers().subList(1, lens.layers().size())) {
      largest = Math.max(largest, Math.max(last(layer.attn()), last(layer.mlp())));
    }
    graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 11));
    graphics.setColor(TEXT);
    graphics.drawString(name, x, HEADING + ROW - 12);
    for (int layer = 1; layer < lens.layers().size(); layer++) {
      Lens.Layer each = lens.layers().get(layer);
      double norm = last(attention ? each.attn() : each.mlp());
      int y = HEADING + (layer + 1) * ROW;
      double width = norm / largest * (NORM - 40);
      graphics.setColor(colour);
      graphics.fill(new Rectangle2D.Double(x, y + 9, width, ROW - 18.0));
      graphics.setColor(TEXT);
      graphics.drawString(number("%.2f", norm), (float) (x + width + 4), y + ROW - 12);
    }
  }

  private static double last(double[] values) {
    return values[values.length - 1];
  }
}
