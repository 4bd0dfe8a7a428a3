package gpt.explore.plot;

import java.awt.Color;
import java.util.StringJoiner;

/**
 * A colour map for numbers from 0 to 1: from nearly white through green to deep blue, like viridis
 * reversed. Its lightness decreases linearly in OKLab, a perceptually uniform colour space, so the
 * order of two colours is visible with any colour vision and in greyscale.
 *
 * <p>On dark pages the map is reversed, so that 0 is always close to the background.
 */
public final class ColourScale {
  /** Number of colours in the pages' style sheet. */
  static final int LEVELS = 32;

  private static final double MAX_LIGHTNESS = 0.97;
  private static final double MIN_LIGHTNESS = 0.3;

  private ColourScale() {}

  /** The colour of a number, which is clamped to 0 to 1. */
  public static Color at(double value) {
    double t = Math.clamp(value, 0, 1);
    double hue = Math.toRadians(100 + 165 * t);
    double chroma = 0.045 + 0.085 * t;
    return okLab(
        MAX_LIGHTNESS + (MIN_LIGHTNESS - MAX_LIGHTNESS) * t,
        chroma * Math.cos(hue),
        chroma * Math.sin(hue));
  }

  /** Black or white, whichever has the higher contrast, which is always above WCAG's 4.5. */
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
   * CSS for light and dark pages: classes {@code v0} to {@code v31}, and all colours as the list
   * {@code --scale}.
   */
  static String css() {
    StringBuilder css = new StringBuilder();
    StringJoiner scale = new StringJoiner(", ");
    for (int level = 0; level < LEVELS; level++) {
      double value = (level + 0.5) / LEVELS;
      Color light = at(value);
      Color dark = at(1 - value);
      scale.add(both(light, dark));
      css.append(".v%d { background: %s; ".formatted(level, both(light, dark)))
          .append("color: %s; }\n".formatted(both(textOn(light), textOn(dark))));
    }
    return css.append(":root { --scale: ").append(scale).append("; }\n").toString();
  }

  private static String both(Color light, Color dark) {
    return "light-dark(" + hex(light) + ", " + hex(dark) + ")";
  }

  static String hex(Color colour) {
    return "#%06x".formatted(colour.getRGB() & 0xFFFFFF);
  }

  /** Converts OKLab (Ottosson 2020) to sRGB. */
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
