package gpt.explore.plot;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;

/** What pictures have in common: colours, margin, headline and short labels. */
final class Sheet {
  static final int MARGIN = 20;

  static final Color TEXT = new Color(0x222222);

  // Of the palette of Okabe and Ito, for all kinds of colour vision.
  static final Color BLUE = new Color(0x0072B2);
  static final Color VERMILLION = new Color(0xD55E00);

  private Sheet() {}

  /** Draws the background and the title, and a note below it; leaves the note's font. */
  static void begin(Graphics2D graphics, Picture picture, String note) {
    begin(graphics, picture);
    graphics.drawString(note, MARGIN, 48);
  }

  /** Draws the background and the title; leaves the font of a note. */
  static void begin(Graphics2D graphics, Picture picture) {
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, picture.width(), picture.height());
    graphics.setColor(TEXT);
    graphics.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 15));
    graphics.drawString(picture.title(), MARGIN, 28);
    graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
  }

  /** The label, cut with an ellipsis after this many characters. */
  static String shortened(String label, int max) {
    return label.codePointCount(0, label.length()) <= max
        ? label
        : label.substring(0, label.offsetByCodePoints(0, max - 1)) + "…";
  }
}
