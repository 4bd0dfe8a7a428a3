package gpt.explore.plot;

import static gpt.explore.plot.Sheet.MARGIN;
import static gpt.explore.plot.Sheet.TEXT;

import gpt.explore.BeamTree;
import gpt.generate.beam.BeamStep;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.geom.CubicCurve2D;
import java.awt.geom.Ellipse2D;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;

/** The tree of a beam search, from left to right: a column for each step, a node for each token. */
public final class BeamPicture implements Picture {
  /** Steps that a picture has room for. */
  public static final int MAX_STEPS = 40;

  private static final int HEADING = 64;
  private static final int COLUMN = 150;
  private static final int ROW = 18;
  private static final int ROOT = 120;
  private static final int MAX_LABEL = 10;

  private static final Color DROPPED = new Color(0x777777);
  private static final Color EDGE = new Color(0xBBBBBB);
  private static final Color KEPT = Sheet.BLUE;
  private static final Color ENDED = Sheet.VERMILLION;

  private final BeamTree tree;
  private final String prompt;
  private final IntFunction<String> labels;
  private final int steps;
  private final double[][] rows; // (steps, nodes)
  private final boolean[][] best; // (steps, nodes): on the way to the best completion
  private double root;
  private int leaves;

  /**
   * Lays out a tree.
   *
   * @param prompt the end of the prompt, on a line
   * @param labels returns the label of an id
   */
  public BeamPicture(BeamTree tree, String prompt, IntFunction<String> labels) {
    this.tree = tree;
    this.prompt = prompt;
    this.labels = labels;
    steps = Math.min(MAX_STEPS, tree.steps().size());
    rows = new double[steps][];
    best = new boolean[steps][];
    for (int step = 0; step < steps; step++) {
      rows[step] = new double[tree.steps().get(step).size()];
      best[step] = new boolean[rows[step].length];
    }
    root = place(0, -1);
    markBest();
  }

  /**
   * Gives each leaf below a node a row of its own, and each other node the middle of its children.
   *
   * @return the middle of the children, or a new row if there are none
   */
  private double place(int step, int parent) {
    double sum = 0;
    int children = 0;
    for (int i = 0; step < steps && i < rows[step].length; i++) {
      if (tree.steps().get(step).get(i).parent() == parent) {
        boolean kept = tree.steps().get(step).get(i).fate() == BeamStep.Fate.KEPT;
        rows[step][i] = kept ? place(step + 1, i) : leaves++;
        sum += rows[step][i];
        children++;
      }
    }
    return children == 0 ? leaves++ : sum / children;
  }

  private void markBest() {
    if (tree.completions().isEmpty()) {
      return;
    }
    int[] ids = tree.completions().getFirst().ids();
    int last = ids.length - 1;
    for (int i = 0; last >= 0 && last < steps && i < rows[last].length; i++) {
      if (tree.steps().get(last).get(i).fate() == BeamStep.Fate.ENDED
          && Arrays.equals(tree.path(last, i), ids)) {
        int node = i;
        for (int step = last; step >= 0; step--) {
          best[step][node] = true;
          node = tree.steps().get(step).get(node).parent();
        }
        return;
      }
    }
  }

  @Override
  public int width() {
    return Math.max(640, 2 * MARGIN + ROOT + steps * COLUMN);
  }

  @Override
  public int height() {
    return HEADING + Math.max(1, leaves) * ROW + MARGIN;
  }

  @Override
  public String title() {
    return "Beam search after " + prompt;
  }

  @Override
  public String description() {
    StringBuilder text = new StringBuilder();
    for (int step = 0; step < steps; step++) {
      text.append("Step ").append(step + 1).append(':');
      for (BeamTree.Node node : tree.steps().get(step)) {
        if (node.fate() != BeamStep.Fate.DROPPED) {
          String fate = node.fate() == BeamStep.Fate.KEPT ? "kept" : "ended";
          text.append(" %s %s %s;".formatted(labels.apply(node.id()), number(node), fate));
        }
      }
      text.append(' ');
    }
    return text.toString().strip();
  }

  private static String number(BeamTree.Node node) {
    return String.format(Locale.ROOT, "%.3f", node.sum());
  }

  @Override
  public void draw(Graphics2D graphics) {
    Sheet.begin(graphics, this);
    legend(graphics);
    String start = Sheet.shortened(prompt, 14);
    graphics.drawString(start, MARGIN, (int) y(root) + 4);
    double[] ends = {MARGIN + graphics.getFontMetrics().stringWidth(start)}; // right edges of nodes
    for (int step = 0; step < steps; step++) {
      List<BeamTree.Node> nodes = tree.steps().get(step);
      double[] next = new double[nodes.size()];
      for (int i = 0; i < nodes.size(); i++) {
        int parent = nodes.get(i).parent();
        double from = y(step == 0 ? root : rows[step - 1][parent]);
        edge(graphics, ends[Math.max(0, parent)] + 6, from, step, i);
        next[i] = node(graphics, step, i);
      }
      ends = next;
    }
  }

  private static void legend(Graphics2D graphics) {
    int x = MARGIN;
    String[] names = {
      "kept", "ended", "dropped. Numbers are sums of log-probabilities; the thick line is the best."
    };
    Color[] colours = {KEPT, ENDED, DROPPED};
    for (int i = 0; i < names.length; i++) {
      graphics.setColor(colours[i]);
      graphics.fill(new Ellipse2D.Double(x, 39, 8, 8));
      graphics.setColor(TEXT);
      graphics.drawString(names[i], x + 13, 48);
      x += 33 + graphics.getFontMetrics().stringWidth(names[i]);
    }
  }

  private static double x(int step) {
    return MARGIN + ROOT + (double) step * COLUMN;
  }

  private static double y(double row) {
    return HEADING + (row + 0.5) * ROW;
  }

  private void edge(Graphics2D graphics, double fromX, double fromY, int step, int node) {
    double toX = x(step) - 5;
    double toY = y(rows[step][node]);
    double middle = (fromX + toX) / 2;
    graphics.setColor(best[step][node] ? ENDED : EDGE);
    graphics.setStroke(new BasicStroke(best[step][node] ? 2.5f : 1f));
    graphics.draw(new CubicCurve2D.Double(fromX, fromY, middle, fromY, middle, toY, toX, toY));
  }

  /** Draws a node; returns the right edge of its number. */
  private double node(Graphics2D graphics, int step, int index) {
    BeamTree.Node node = tree.steps().get(step).get(index);
    Color colour =
        switch (node.fate()) {
          case KEPT -> KEPT;
          case ENDED -> ENDED;
          case DROPPED -> DROPPED;
        };
    double x = x(step);
    double y = y(rows[step][index]);
    graphics.setColor(colour);
    graphics.fill(new Ellipse2D.Double(x - 4, y - 4, 8, 8));
    boolean dropped = node.fate() == BeamStep.Fate.DROPPED;
    graphics.setColor(dropped ? DROPPED : TEXT);
    graphics.setFont(new Font(Font.MONOSPACED, dropped ? Font.PLAIN : Font.BOLD, 12));
    String label = Sheet.shortened(labels.apply(node.id()), MAX_LABEL);
    graphics.drawString(label, (float) x + 8, (float) y + 4);
    int taken = graphics.getFontMetrics().stringWidth(label);
    graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 11));
    graphics.drawString(number(node), (float) x + 14 + taken, (float) y + 4);
    return x + 14 + taken + graphics.getFontMetrics().stringWidth(number(node));
  }
}
