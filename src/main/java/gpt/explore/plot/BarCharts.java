package gpt.explore.plot;

import static gpt.explore.plot.Sheet.MARGIN;
import static gpt.explore.plot.Sheet.TEXT;

import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Bar charts of probabilities, one above the other, with a horizontal bar for each label.
 *
 * @param title the picture's headline
 * @param note a line below it
 * @param charts at least one
 */
public record BarCharts(String title, String note, List<Chart> charts) implements Picture {
  private static final int HEADING = 60;
  private static final int ROW = 22;
  private static final int CHART_TITLE = 30;
  private static final int BAR = 420;
  private static final int GAP = 10;
  private static final int MAX_LABEL = 42;

  private static final Color FRAME = new Color(0xE6E6E6);
  private static final Color INTERVAL = new Color(0x111111);
  private static final Font LABEL = new Font(Font.SANS_SERIF, Font.PLAIN, 13);

  /**
   * A chart.
   *
   * @param title its heading
   * @param bars from top to bottom
   */
  public record Chart(String title, List<Bar> bars) {}

  /**
   * A bar.
   *
   * @param part its length, 0 to 1
   * @param low the lower end of its interval; NaN for none
   * @param high the upper end
   * @param value the number beside it
   */
  public record Bar(String label, double part, double low, double high, String value) {
    /** A bar without an interval. */
    public Bar(String label, double part, String value) {
      this(label, part, Double.NaN, Double.NaN, value);
    }
  }

  private int rows() {
    return charts.stream().mapToInt(chart -> chart.bars.size()).sum();
  }

  private int widest(Function<Bar, String> text) {
    Graphics2D graphics = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB).createGraphics();
    FontMetrics metrics = graphics.getFontMetrics(LABEL);
    graphics.dispose();
    return charts.stream()
        .flatMap(chart -> chart.bars.stream())
        .mapToInt(bar -> metrics.stringWidth(text.apply(bar)))
        .max()
        .orElse(0);
  }

  private int labelWidth() {
    return widest(bar -> Sheet.shortened(bar.label, MAX_LABEL))
        + 4; // a PNG draws text a little wider
  }

  @Override
  public int width() {
    return 2 * MARGIN + labelWidth() + BAR + widest(Bar::value) + 2 * GAP;
  }

  @Override
  public int height() {
    return HEADING + charts.size() * (CHART_TITLE + GAP) + rows() * ROW + MARGIN;
  }

  @Override
  public String description() {
    return note
        + ". "
        + charts.stream()
            .map(
                chart ->
                    chart.title
                        + ": "
                        + chart.bars.stream()
                            .map(bar -> bar.label + " " + bar.value)
                            .collect(Collectors.joining(", ")))
            .collect(Collectors.joining(". "))
        + ".";
  }

  @Override
  public void draw(Graphics2D graphics) {
    Sheet.begin(graphics, this, note);
    int left = MARGIN + labelWidth() + GAP;
    int y = HEADING;
    for (Chart chart : charts) {
      graphics.setColor(TEXT);
      graphics.setFont(LABEL.deriveFont(Font.BOLD));
      graphics.drawString(chart.title, left, y + CHART_TITLE - 10);
      graphics.setFont(LABEL);
      y += CHART_TITLE;
      for (Bar bar : chart.bars) {
        draw(graphics, bar, left, y);
        y += ROW;
      }
      y += GAP;
    }
  }

  private static void draw(Graphics2D graphics, Bar bar, int left, int y) {
    int base = y + ROW - 6;
    String label = Sheet.shortened(bar.label, MAX_LABEL);
    graphics.setColor(FRAME);
    graphics.fill(new Rectangle2D.Double(left, y + 3, BAR, ROW - 6));
    graphics.setColor(Sheet.BLUE);
    graphics.fill(new Rectangle2D.Double(left, y + 3, bar.part * BAR, ROW - 6));
    graphics.setColor(TEXT);
    int width = graphics.getFontMetrics().stringWidth(label);
    graphics.drawString(label, left - GAP - width, base);
    graphics.drawString(bar.value, left + BAR + GAP, base);
    if (!Double.isNaN(bar.low)) {
      double middle = y + ROW / 2.0;
      graphics.setColor(INTERVAL);
      graphics.draw(new Line2D.Double(left + bar.low * BAR, middle, left + bar.high * BAR, middle));
      for (double end : new double[] {bar.low, bar.high}) {
        double x = left + end * BAR;
        graphics.draw(new Line2D.Double(x, middle - 4, x, middle + 4));
      }
    }
  }
}
