package gpt.explore;

/** A picture as SVG, for pictures outside of this package. */
public final class SvgBytes {
  private SvgBytes() {}

  /** The file's content. */
  public static byte[] of(Picture picture) {
    return PictureEncoder.svg(picture);
  }
}
