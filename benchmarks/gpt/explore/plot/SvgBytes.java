package gpt.explore.plot;

/** Encodes pictures of other packages as SVG. */
public final class SvgBytes {
  private SvgBytes() {}

  /** The content of the SVG file. */
  public static byte[] of(Picture picture) {
    return PictureEncoder.svg(picture);
  }
}
