package gpt.explore.plot;

import static gpt.explore.plot.Sheet.MARGIN;
import static gpt.explore.plot.Sheet.TEXT;

import gpt.GptException;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;
import java.util.List;
import java.util.Locale;

/**
 * The attention weights of many heads as small multiples: a row of maps for each layer, a column
 * for each head.
 *
 * @param maps the layers' maps, from the first layer on, each with the same heads; at least one
 */
public record AttentionGrid(List<List<AttentionMap>> maps) implements Picture {
  /** Maximum number of tokens in a picture, which has half its square of cells for each head. */
  public static final int MAX_DRAWN = 64;

  private static final int HEADING = 64;
  private static final int ROW_NAME = 60;
  private static final int COLUMN_NAME = 22;
  private static final int MIN_SIDE = 88;
  private static final int GAP = 8;
  private static final int MIN_CELL = 2;

  private static final Color PAPER = new Color(0xF4F4F4);

  /**
   * Checks that a picture is not too large.
   *
   * @throws GptException if there are more than {@link #MAX_DRAWN} tokens
   */
  public static void check(int tokens) {
    if (tokens > MAX_DRAWN) {
      throw new GptException(
          ("--plot: a picture of many heads shows at most %s tokens, and the prompt has %s;"
                  + " use a shorter prompt, or one --layer and --head")
              .formatted(MAX_DRAWN, tokens));
    }
  }

  private int tokens() {
    return maps.getFirst().getFirst().tokens().size();
  }

  private double cell() {
    return Math.max(MIN_CELL, (double) MIN_SIDE / tokens());
  }

  private int side() {
    return (int) Math.ceil(cell() * tokens());
  }

  @Override
  public int width() {
    return Math.max(620, 2 * MARGIN + ROW_NAME + maps.getFirst().size() * (side() + GAP));
  }

  @Override
  public int height() {
    return HEADING + COLUMN_NAME + maps.size() * (side() + GAP) + MARGIN;
  }

  @Override
  public String title() {
    return "Attention of all heads";
  }

  @Override
  public String description() {
    StringBuilder text = new StringBuilder("The last token attends most to");
    int last = tokens() - 1;
    for (List<AttentionMap> layer : maps) {
      for (AttentionMap map : layer) {
        int key = map.strongest(last, 1).getFirst();
        text.append(
            String.format(
                Locale.ROOT,
                " %d %s (%.2f) in layer %d head %s,",
                key,
                map.tokens().get(key).label(),
                map.weights()[last][key],
                map.layer(),
                map.head()));
      }
    }
    text.setCharAt(text.length() - 1, '.');
    return text.toString();
  }

  @Override
  public void draw(Graphics2D graphics) {
    Sheet.begin(
        graphics,
        this,
        "In each map rows are queries and columns are keys, from token 0; dark is a weight of 1.");
    for (int column = 0; column < maps.getFirst().size(); column++) {
      AttentionMap map = maps.getFirst().get(column);
      String name = map.isOne() ? "head " + map.head() : map.head();
      graphics.setColor(TEXT);
      graphics.drawString(name, x(column), HEADING + COLUMN_NAME - 8);
    }
    for (int row = 0; row < maps.size(); row++) {
      int y = HEADING + COLUMN_NAME + row * (side() + GAP);
      graphics.setColor(TEXT);
      String name = "layer " + maps.get(row).getFirst().layer();
      graphics.drawString(name, MARGIN, y + side() / 2 + 4);
      for (int column = 0; column < maps.get(row).size(); column++) {
        map(graphics, maps.get(row).get(column), x(column), y);
      }
    }
  }

  private int x(int column) {
    return MARGIN + ROW_NAME + column * (side() + GAP);
  }

  /** Draws a map; neighbours of the same colour are one rectangle, which keeps an SVG small. */
  private void map(Graphics2D graphics, AttentionMap map, int x, int y) {
    graphics.setColor(PAPER);
    graphics.fillRect(x, y, side(), side());
    double cell = cell();
    for (int query = 0; query < tokens(); query++) {
      float[] row = map.weights()[query];
      int from = 0;
      for (int key = 1; key <= row.length; key++) {
        if (key == row.length || level(row[key]) != level(row[from])) {
          graphics.setColor(ColourScale.at((double) level(row[from]) / ColourScale.LEVELS));
          graphics.fill(
              new Rectangle2D.Double(x + from * cell, y + query * cell, (key - from) * cell, cell));
          from = key;
        }
      }
    }
  }

  private static int level(float weight) {
    return Math.round(weight * ColourScale.LEVELS);
  }
}
