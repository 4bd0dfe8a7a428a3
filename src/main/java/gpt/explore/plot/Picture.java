package gpt.explore.plot;

import java.awt.Graphics2D;

/** A picture that {@link PlotFile} writes. One unit is one SVG unit and two PNG pixels. */
public interface Picture {
  /** Width in units. */
  int width();

  /** Height in units. */
  int height();

  /** The title, one line. */
  String title();

  /** A text alternative for screen readers. */
  String description();

  /** Draws the picture, including its background. */
  void draw(Graphics2D graphics);
}
