package gpt.explore;

import java.awt.Graphics2D;

/** Something to be drawn, in units of which a PNG has two pixels. */
public interface Picture {
  /** Its width in those units. */
  int width();

  /** Its height in those units. */
  int height();

  /** A line on what it shows. */
  String title();

  /** What it shows in words and numbers, for those who cannot see it. */
  String description();

  /** Draws all of it, background included. */
  void draw(Graphics2D graphics);
}
