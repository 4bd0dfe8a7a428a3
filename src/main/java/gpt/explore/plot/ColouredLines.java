package gpt.explore.plot;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.font.FontRenderContext;
import java.awt.font.LineBreakMeasurer;
import java.awt.font.TextAttribute;
import java.awt.geom.Rectangle2D;
import java.text.AttributedString;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Lays out a coloured text as lines of a fixed width, and draws it with its legend. */
final class ColouredLines {
  static final int WIDTH = 860;

  private static final int MARGIN = 24;
  private static final int LINE = 21;
  private static final int BOX = 18;
  private static final int ASCENT = 13;
  private static final int LEGEND = 8 * ColourScale.LEVELS;

  /** Maximum number of characters in one box; longer tokens get several. */
  private static final int MAX_PIECE_LENGTH = 40;

  private static final Font TITLE = new Font(Font.SANS_SERIF, Font.BOLD, 16);
  private static final Font SMALL = new Font(Font.SANS_SERIF, Font.PLAIN, 12);
  private static final Font TEXT = new Font(Font.MONOSPACED, Font.PLAIN, 13);
  private static final Color GREY = new Color(0x595959);
  private static final Color OUTLINE = new Color(0x999999);

  private static final FontRenderContext CONTEXT = new FontRenderContext(null, true, true);

  /** A token, or a part of it that is on one line. */
  private record Piece(int token, String text, double width, boolean endsLine) {}

  /** A piece and its position. */
  private record Placed(Piece piece, double x, int line) {}

  private final ColouredText text;
  private final List<String> title;
  private final List<String> notes;
  private final List<Placed> placed = new ArrayList<>();
  private final Map<String, Double> widths = new HashMap<>();
  private double x;
  private int line;

  ColouredLines(ColouredText text) {
    this.text = text;
    title = wrapped(text.caption().title(), TITLE);
    notes = new ArrayList<>(wrapped(text.caption().note(), SMALL));
    notes.addAll(wrapped(text.summary(), SMALL));
    List<Piece> word = new ArrayList<>();
    for (int token = 0; token < text.size(); token++) {
      for (Piece piece : pieces(token)) {
        if (!word.isEmpty() && (beginsWord(piece) || endsWord(word.getLast()))) {
          place(word);
        }
        word.add(piece);
      }
    }
    place(word);
  }

  int height() {
    return textTop() + (line + 1) * LINE + MARGIN;
  }

  private int textTop() {
    return legendTop() + 52;
  }

  private int legendTop() {
    return MARGIN + 22 * title.size() + 17 * notes.size() + 8;
  }

  /** Splits a token at line ends, which are shown as ↵, and after {@link #MAX_PIECE_LENGTH}. */
  private List<Piece> pieces(int token) {
    List<Piece> pieces = new ArrayList<>();
    String[] lines = text.text(token).replace("\t", "    ").split("\n", -1);
    for (int i = 0; i < lines.length; i++) {
      boolean endsLine = i < lines.length - 1;
      String rest = lines[i] + (endsLine ? "↵" : "");
      while (rest.codePointCount(0, rest.length()) > MAX_PIECE_LENGTH) {
        int end = rest.offsetByCodePoints(0, MAX_PIECE_LENGTH);
        pieces.add(piece(token, rest.substring(0, end), false));
        rest = rest.substring(end);
      }
      if (!rest.isEmpty()) {
        pieces.add(piece(token, rest, endsLine));
      }
    }
    return pieces;
  }

  private Piece piece(int token, String part, boolean endsLine) {
    double width =
        widths.computeIfAbsent(part, p -> TEXT.getStringBounds(p, CONTEXT).getWidth() + 2);
    return new Piece(token, part, width, endsLine);
  }

  private static boolean beginsWord(Piece piece) {
    return piece.text.startsWith(" ");
  }

  private static boolean endsWord(Piece piece) {
    return piece.endsLine || piece.text.endsWith(" ");
  }

  /** Places a word, on one line if it fits on one, and clears the list. */
  private void place(List<Piece> word) {
    double room = WIDTH - 2 * MARGIN;
    double width = word.stream().mapToDouble(Piece::width).sum();
    if (x > 0 && x + width > room && width <= room) {
      newLine();
    }
    for (Piece piece : word) {
      if (x > 0 && x + piece.width > room) {
        newLine();
      }
      placed.add(new Placed(piece, x, line));
      x += piece.width;
      if (piece.endsLine) {
        newLine();
      }
    }
    word.clear();
  }

  private void newLine() {
    x = 0;
    line++;
  }

  void draw(Graphics2D graphics) {
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, WIDTH, height());
    int y = MARGIN;
    graphics.setColor(Color.BLACK);
    graphics.setFont(TITLE);
    for (String each : title) {
      graphics.drawString(each, MARGIN, y + 16);
      y += 22;
    }
    graphics.setFont(SMALL);
    graphics.setColor(GREY);
    for (String each : notes) {
      graphics.drawString(each, MARGIN, y + 12);
      y += 17;
    }
    legend(graphics);
    graphics.setFont(TEXT);
    for (Placed each : placed) {
      box(graphics, each);
    }
  }

  private void legend(Graphics2D graphics) {
    int y = legendTop();
    int step = LEGEND / ColourScale.LEVELS;
    for (int level = 0; level < ColourScale.LEVELS; level++) {
      graphics.setColor(ColourScale.at((level + 0.5) / ColourScale.LEVELS));
      graphics.fillRect(MARGIN + level * step, y, step, 12);
    }
    graphics.setColor(OUTLINE);
    graphics.drawRect(MARGIN, y, LEGEND, 12);
    graphics.setColor(Color.BLACK);
    graphics.setFont(SMALL);
    graphics.drawString(text.caption().measure(), MARGIN + LEGEND + 12, y + 11);
    for (int i = 0; i <= 2; i++) {
      String tick = ColouredText.number(text.top() * i / 2);
      tick = i == 2 && text.clipped() ? "≥ " + tick : tick;
      double width = SMALL.getStringBounds(tick, CONTEXT).getWidth();
      graphics.drawString(tick, (float) (MARGIN + LEGEND * i / 2.0 - width * i / 2), y + 26);
    }
  }

  private void box(Graphics2D graphics, Placed each) {
    double top = textTop() + each.line * LINE;
    Rectangle2D box = new Rectangle2D.Double(MARGIN + each.x, top, each.piece.width - 1, BOX);
    double value = text.value(each.piece.token);
    if (Double.isNaN(value)) {
      graphics.setColor(OUTLINE);
      graphics.setStroke(new BasicStroke(0.6f));
      graphics.draw(box);
      graphics.setColor(Color.BLACK);
    } else {
      Color colour = ColourScale.at(value / text.top());
      graphics.setColor(colour);
      graphics.fill(box);
      graphics.setColor(ColourScale.textOn(colour));
    }
    graphics.drawString(each.piece.text, (float) (MARGIN + each.x + 0.5), (float) (top + ASCENT));
  }

  /** Wraps a text to the picture's width. */
  static List<String> wrapped(String text, Font font) {
    List<String> lines = new ArrayList<>();
    if (text.isEmpty()) {
      return lines;
    }
    AttributedString attributed = new AttributedString(text);
    attributed.addAttribute(TextAttribute.FONT, font);
    LineBreakMeasurer measurer = new LineBreakMeasurer(attributed.getIterator(), CONTEXT);
    while (measurer.getPosition() < text.length()) {
      int from = measurer.getPosition();
      measurer.nextLayout(WIDTH - 2 * MARGIN);
      lines.add(text.substring(from, measurer.getPosition()).strip());
    }
    return lines;
  }
}
