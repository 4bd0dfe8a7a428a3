package gpt.benchmarks.report;

import gpt.bench.Statistics;
import gpt.benchmarks.Probe;
import gpt.explore.plot.Picture;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.util.List;
import java.util.Locale;

/**
 * Roofline chart of a device's rows: FLOP/s over arithmetic intensity in FLOPs per byte (Williams,
 * Waterman and Patterson, 2009), both logarithmic. The roofs are the run's median copy bandwidth
 * and its median FMA peak.
 */
final class Roofline implements Picture {
  private static final int WIDTH = 760;
  private static final int HEIGHT = 480;
  private static final int LEFT = 60;
  private static final int TOP = 72;
  private static final int BOTTOM = 44;
  private static final Color TEXT = new Color(0x222222);
  private static final Color GRID = new Color(0xE6E6E6);

  private final String title;
  private final List<Comparison> rows;
  private final double copy;
  private final double peak;

  /**
   * The roofline of one device.
   *
   * @param rows its rows; rows without FLOPs are left out
   * @param probes its probes
   */
  Roofline(String title, List<Comparison> rows, List<Probe> probes) {
    this.title = title;
    this.rows = rows.stream().filter(c -> c.row().flops() > 0).toList();
    copy = Statistics.median(probes.stream().mapToDouble(Probe::copy).toArray());
    peak = Statistics.median(probes.stream().mapToDouble(Probe::peak).toArray());
  }

  /** Whether there is no row to draw. */
  boolean isEmpty() {
    return rows.isEmpty();
  }

  @Override
  public int width() {
    return WIDTH;
  }

  @Override
  public int height() {
    return HEIGHT;
  }

  @Override
  public String title() {
    return title;
  }

  @Override
  public String description() {
    return String.format(
        Locale.ROOT,
        "FLOP/s over FLOPs per byte. Roofs: %.1f GB/s and %.0f GFLOP/s.",
        copy / 1e9,
        peak / 1e9);
  }

  @Override
  public void draw(Graphics2D graphics) {
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, WIDTH, HEIGHT);
    graphics.setColor(TEXT);
    graphics.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 14));
    graphics.drawString(title, 12, 22);
    graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 11));
    Kind.legend(graphics, rows, 12, 42);
    double ridge = peak / copy;
    LogScale x =
        LogScale.of(
            rows.stream().mapToDouble(Roofline::intensity).min().orElse(0.1),
            Math.max(4 * ridge, rows.stream().mapToDouble(Roofline::intensity).max().orElse(1)),
            LEFT,
            WIDTH - 20);
    LogScale y =
        LogScale.of(
            rows.stream().mapToDouble(c -> c.row().speed() / 1e9).min().orElse(1),
            peak / 1e9,
            HEIGHT - BOTTOM,
            TOP);
    axes(graphics, x, y);
    int left = x.place(Math.pow(10, x.lowest()));
    double corner = Math.max(Math.pow(10, x.lowest()), Math.pow(10, y.lowest()) * 1e9 / copy);
    graphics.setColor(TEXT);
    graphics.setStroke(new BasicStroke(1.5f));
    graphics.drawLine(
        Math.max(left, x.place(corner)),
        y.place(corner * copy / 1e9),
        x.place(ridge),
        y.place(peak / 1e9));
    graphics.drawLine(x.place(ridge), y.place(peak / 1e9), x.to(), y.place(peak / 1e9));
    graphics.drawString(description(), LEFT + 12, HEIGHT - BOTTOM - 10);
    for (Comparison each : rows) {
      graphics.setColor(Kind.of(each.spec()).colour());
      graphics.fillOval(x.place(intensity(each)) - 3, y.place(each.row().speed() / 1e9) - 3, 6, 6);
    }
  }

  private static void axes(Graphics2D graphics, LogScale x, LogScale y) {
    FontMetrics font = graphics.getFontMetrics();
    for (int decade = x.lowest(); decade <= x.highest(); decade++) {
      int at = x.place(Math.pow(10, decade));
      String label = LogScale.label(decade);
      graphics.setColor(GRID);
      graphics.drawLine(at, y.from(), at, y.to());
      graphics.setColor(TEXT);
      graphics.drawString(label, at - font.stringWidth(label) / 2, y.from() + 14);
    }
    for (int decade = y.lowest(); decade <= y.highest(); decade++) {
      int at = y.place(Math.pow(10, decade));
      String label = LogScale.label(decade);
      graphics.setColor(GRID);
      graphics.drawLine(x.from(), at, x.to(), at);
      graphics.setColor(TEXT);
      graphics.drawString(label, x.from() - 6 - font.stringWidth(label), at + 4);
    }
    graphics.drawString("GFLOP/s", 12, y.to() - 8);
    graphics.drawString(
        "FLOPs per byte", x.to() - font.stringWidth("FLOPs per byte"), y.from() + 30);
  }

  private static double intensity(Comparison each) {
    return (double) each.row().flops() / each.row().bytes();
  }
}
