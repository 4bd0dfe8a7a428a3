package gpt.explore.plot;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries;
import org.knowm.xchart.style.CategoryStyler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * A bar chart for each step of sampling. Bars are the candidates' probabilities after the sampling
 * chain, marks their probabilities by the model; the drawn token has another colour.
 */
public final class StepCharts implements Picture {
  /** Maximum number of charts in a picture. */
  public static final int MAX_STEPS = 60;

  private static final int CHART_HEIGHT = 260;
  private static final int MIN_CHART_WIDTH = 320;
  private static final int BAR_WIDTH = 34;
  private static final int MAX_ROW_WIDTH = 1300;
  private static final int HEADING = 56;
  private static final int MARGIN = 16;

  private static final Color MODEL = new Color(0x111111);
  private static final Color KEPT = Sheet.BLUE;
  private static final Color CHOSEN = Sheet.VERMILLION;
  private static final Color TEXT = Sheet.TEXT;
  private static final Color GRID = new Color(0xE6E6E6);

  private final String title;
  private final String subtitle;
  private final List<StepBars> steps;
  private final int columns;
  private final int chartWidth;

  /**
   * Creates a chart for each step.
   *
   * @param subtitle the sampling parameters
   * @param steps 1 to {@link #MAX_STEPS}
   */
  public StepCharts(String title, String subtitle, List<StepBars> steps) {
    if (steps.isEmpty() || steps.size() > MAX_STEPS) {
      throw new IllegalArgumentException(
          "expected 1 to " + MAX_STEPS + " steps, found " + steps.size());
    }
    this.title = title;
    this.subtitle = subtitle;
    this.steps = List.copyOf(steps);
    int bars = steps.stream().mapToInt(step -> step.bars().size()).max().orElseThrow();
    int minWidth = steps.size() == 1 ? 2 * MIN_CHART_WIDTH : MIN_CHART_WIDTH;
    chartWidth = Math.max(minWidth, 70 + BAR_WIDTH * bars);
    columns = Math.clamp(MAX_ROW_WIDTH / chartWidth, 1, steps.size());
  }

  @Override
  public int width() {
    return Math.max(columns * chartWidth, 2 * MIN_CHART_WIDTH) + 2 * MARGIN;
  }

  @Override
  public int height() {
    return HEADING + Math.ceilDiv(steps.size(), columns) * CHART_HEIGHT + MARGIN;
  }

  @Override
  public String title() {
    return title;
  }

  @Override
  public String description() {
    return subtitle
        + ". "
        + steps.stream().map(StepBars::description).collect(Collectors.joining(" "));
  }

  @Override
  public void draw(Graphics2D graphics) {
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, width(), height());
    graphics.setColor(TEXT);
    graphics.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 15));
    graphics.drawString(title, MARGIN, 24);
    graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
    graphics.drawString(subtitle, MARGIN, 44);
    legend(graphics);
    for (int i = 0; i < steps.size(); i++) {
      Graphics2D part = (Graphics2D) graphics.create();
      part.translate(
          MARGIN + i % columns * chartWidth, HEADING + (double) (i / columns) * CHART_HEIGHT);
      chart(steps.get(i)).paint(part, chartWidth, CHART_HEIGHT);
      part.dispose();
    }
  }

  private void legend(Graphics2D graphics) {
    int x = width() - MARGIN;
    x = key(graphics, x, "drawn ▼", CHOSEN);
    x = key(graphics, x, "after the chain", KEPT);
    key(graphics, x, "by the model", MODEL);
  }

  /** Draws a legend entry whose right edge is at x; returns the right edge of the next entry. */
  private static int key(Graphics2D graphics, int right, String name, Color colour) {
    int text = right - graphics.getFontMetrics().stringWidth(name);
    graphics.setColor(TEXT);
    graphics.drawString(name, text, 24);
    graphics.setColor(colour);
    int mark = text - 15;
    if (colour == MODEL) {
      graphics.fillPolygon(
          new int[] {mark + 1, mark + 5, mark + 9, mark + 5}, new int[] {20, 16, 20, 24}, 4);
    } else {
      graphics.fillRect(mark, 14, 11, 11);
    }
    return mark - 16;
  }

  private CategoryChart chart(StepBars step) {
    CategoryChart chart =
        new CategoryChartBuilder()
            .width(chartWidth)
            .height(CHART_HEIGHT)
            .title(step.title())
            .build();
    List<String> labels = labels(step.bars());
    add(
        chart,
        "kept",
        labels,
        step.bars().stream().map(b -> b.chosen() ? 0 : b.drawn()).toList(),
        KEPT);
    add(
        chart,
        "chosen",
        labels,
        step.bars().stream().map(b -> b.chosen() ? b.drawn() : 0).toList(),
        CHOSEN);
    CategorySeries model =
        chart.addSeries("model", labels, step.bars().stream().map(StepBars.Bar::model).toList());
    model.setChartCategorySeriesRenderStyle(CategorySeries.CategorySeriesRenderStyle.Scatter);
    model.setMarker(SeriesMarkers.DIAMOND);
    model.setMarkerColor(MODEL);
    CategoryStyler styler = chart.getStyler();
    styler.setLegendVisible(false);
    styler.setOverlapped(true);
    styler.setAvailableSpaceFill(0.75);
    styler.setYAxisMin(0.0);
    styler.setYAxisMax(1.0);
    styler.setChartBackgroundColor(Color.WHITE);
    styler.setPlotBackgroundColor(Color.WHITE);
    styler.setPlotBorderVisible(false);
    styler.setPlotGridVerticalLinesVisible(false);
    styler.setPlotGridLinesColor(GRID);
    styler.setChartFontColor(TEXT);
    styler.setAxisTickLabelsColor(TEXT);
    styler.setChartTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
    styler.setChartTitleBoxVisible(false);
    styler.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
    styler.setXAxisLabelRotation(labels.stream().anyMatch(l -> l.length() > 4) ? 60 : 0);
    styler.setXAxisMaxLabelCount(labels.size());
    styler.setXAxisTickMarkSpacingHint(1);
    styler.setMarkerSize(7);
    styler.setYAxisDecimalPattern("0.0");
    return chart;
  }

  private static void add(
      CategoryChart chart, String name, List<String> labels, List<Double> values, Color colour) {
    CategorySeries series = chart.addSeries(name, labels, values);
    series.setFillColor(colour);
    series.setLineColor(colour);
  }

  /** Makes equal labels distinct with hair spaces: the chart merges categories of the same name. */
  private static List<String> labels(List<StepBars.Bar> bars) {
    String[] labels = new String[bars.size()];
    for (int i = 0; i < labels.length; i++) {
      String label = bars.get(i).label() + (bars.get(i).chosen() ? " ▼" : "");
      while (Arrays.asList(labels).contains(label)) {
        label += "\u200A";
      }
      labels[i] = label;
    }
    return List.of(labels);
  }
}
