package gpt.explore;

import java.awt.Color;

/**
 * Colours for numbers from 0 to 1, from nearly white through green to a deep blue, as viridis the
 * other way round. The lightness falls evenly in OKLab, where equal steps look equal, so that the
 * order is seen with any colour vision, and on paper without colour.
 *
 * <p>On a dark page the same scale runs backwards: small numbers are near to the page in both.
 */
public final class ColourScale {
  /** Colours that a page's style sheet has. */
  static final int LEVELS = 32;

  private static final double LIGHTEST = 0.97;
  private static final double DARKEST = 0.3;

  private ColourScale() {}

  /** The colour of a number; beyond the ends the ends' own. */
  public static Color at(double part) {
    double t = Math.clamp(part, 0, 1);
    double hue = Math.toRadians(100 + 165 * t);
    double chroma = 0.045 + 0.085 * t;
    return okLab(
        LIGHTEST + (DARKEST - LIGHTEST) * t, chroma * Math.cos(hue), chroma * Math.sin(hue));
  }

  /** Black or white, whichever can be read there: one of them has a contrast above 4.5 always. */
  static Color textOn(Color background) {
    double luminance = luminance(background);
    return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 ? Color.WHITE : Color.BLACK;
  }

  /** WCAG's relative luminance, from 0 to 1. */
  static double luminance(Color colour) {
    return 0.2126 * linear(colour.getRed())
        + 0.7152 * linear(colour.getGreen())
        + 0.0722 * linear(colour.getBlue());
  }

  /**
   * The style sheet's part: classes {@code v0} to {@code v31} and the whole scale as {@code
   * --scale}, for light and dark pages.
   */
  static String css() {
    return css(false) + "@media (prefers-color-scheme: dark) {\n" + css(true) + "}\n";
  }

  private static String css(boolean dark) {
    StringBuilder css = new StringBuilder();
    StringBuilder scale = new StringBuilder();
    for (int level = 0; level < LEVELS; level++) {
      double part = (level + 0.5) / LEVELS;
      Color colour = at(dark ? 1 - part : part);
      scale.append(level == 0 ? "" : ", ").append(hex(colour));
      css.append(".v%d { background: %s; color: ".formatted(level, hex(colour)))
          .append(hex(textOn(colour)))
          .append("; }\n");
    }
    return css.append(":root { --scale: ").append(scale).append("; }\n").toString();
  }

  static String hex(Color colour) {
    return "#%06x".formatted(colour.getRGB() & 0xFFFFFF);
  }

  /** Ottosson's OKLab to sRGB. */
  private static Color okLab(double lightness, double a, double b) {
    double l = Math.pow(lightness + 0.3963377774 * a + 0.2158037573 * b, 3);
    double m = Math.pow(lightness - 0.1055613458 * a - 0.0638541728 * b, 3);
    double s = Math.pow(lightness - 0.0894841775 * a - 1.2914855480 * b, 3);
    return new Color(
        encoded(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
        encoded(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
        encoded(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s));
  }

  private static float encoded(double linear) {
    double value = Math.clamp(linear, 0, 1);
    return (float) (value <= 0.0031308 ? 12.92 * value : 1.055 * Math.pow(value, 1 / 2.4) - 0.055);
  }

  private static double linear(int channel) {
    double value = channel / 255.0;
    return value <= 0.04045 ? value / 12.92 : Math.pow((value + 0.055) / 1.055, 2.4);
  }
}
