package gpt.benchmarks.report;

import gpt.explore.plot.Picture;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.util.List;

/**
 * Bar chart of speedups: each row against the Vector API on the CPU or, for operations that the CPU
 * does not have, against the naive kernel. The axis is logarithmic. Bars start at 1; bars to the
 * left are slower.
 */
final class Bars implements Picture {
  private static final int WIDTH = 860;
  private static final int LEFT = 230;
  private static final int RIGHT = 70;
  private static final int TOP = 64;
  private static final int BAR = 13;
  private static final int HEADING = 20;
  private static final Color TEXT = new Color(0x222222);
  private static final Color GRID = new Color(0xDDDDDD);

  private final String title;
  private final List<Comparison> rows;
  private final int headings;
  private final LogScale scale;

  /** Rows of the same work must be adjacent. */
  Bars(String title, List<Comparison> rows) {
    this.title = title;
    this.rows = rows;
    headings = (int) rows.stream().map(c -> c.spec().work()).distinct().count();
    double min = rows.stream().mapToDouble(Comparison::timesBaseline).min().orElse(1);
    double max = rows.stream().mapToDouble(Comparison::timesBaseline).max().orElse(1);
    scale = LogScale.of(Math.min(0.1, min), Math.max(10, max), LEFT, WIDTH - RIGHT);
  }

  @Override
  public int width() {
    return WIDTH;
  }

  @Override
  public int height() {
    return TOP + headings * HEADING + rows.size() * BAR + 24;
  }

  @Override
  public String title() {
    return title;
  }

  @Override
  public String description() {
    return "Speedup over the CPU's Vector API, or over the naive kernel; the tables have the"
        + " numbers.";
  }

  @Override
  public void draw(Graphics2D graphics) {
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, width(), height());
    graphics.setColor(TEXT);
    graphics.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 14));
    graphics.drawString(title, 12, 22);
    graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 11));
    Kind.legend(graphics, rows, 12, 42);
    axis(graphics);
    int y = TOP;
    String work = "";
    for (Comparison each : rows) {
      if (!each.spec().work().equals(work)) {
        work = each.spec().work();
        y += HEADING;
        graphics.setColor(TEXT);
        graphics.drawString(work + " (" + each.baseline() + " = 1)", 12, y - 5);
      }
      bar(graphics, each, y);
      y += BAR;
    }
  }

  private void axis(Graphics2D graphics) {
    for (int decade = scale.lowest(); decade <= scale.highest(); decade++) {
      int x = scale.place(Math.pow(10, decade));
      graphics.setColor(decade == 0 ? TEXT : GRID);
      graphics.drawLine(x, TOP, x, height() - 8);
      graphics.setColor(TEXT);
      String label = LogScale.label(decade);
      graphics.drawString(label, x - graphics.getFontMetrics().stringWidth(label) / 2, TOP - 4);
    }
  }

  private void bar(Graphics2D graphics, Comparison each, int y) {
    int one = scale.place(1);
    int end = scale.place(each.timesBaseline());
    graphics.setColor(Kind.of(each.spec()).colour());
    graphics.fillRect(Math.min(one, end) - 1, y, Math.abs(end - one) + 2, BAR - 2);
    graphics.setColor(TEXT);
    String who = each.spec().implementation();
    graphics.drawString(who, LEFT - 8 - graphics.getFontMetrics().stringWidth(who), y + BAR - 3);
    graphics.drawString(Markdown.number(each.timesBaseline()), WIDTH - RIGHT + 12, y + BAR - 3);
  }
}
