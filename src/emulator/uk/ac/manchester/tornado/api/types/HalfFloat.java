package uk.ac.manchester.tornado.api.types;

/** A half-precision number; operations are computed in single precision and rounded. */
public class HalfFloat {
  private final short bits;

  /** The nearest half to a float. */
  public HalfFloat(float value) {
    bits = Float.floatToFloat16(value);
  }

  /** The half with these bits. */
  public HalfFloat(short halfFloat) {
    bits = halfFloat;
  }

  /** Their sum. */
  public static HalfFloat add(HalfFloat a, HalfFloat b) {
    return new HalfFloat(a.getFloat32() + b.getFloat32());
  }

  /** Their difference. */
  public static HalfFloat sub(HalfFloat a, HalfFloat b) {
    return new HalfFloat(a.getFloat32() - b.getFloat32());
  }

  /** Their product. */
  public static HalfFloat mult(HalfFloat a, HalfFloat b) {
    return new HalfFloat(a.getFloat32() * b.getFloat32());
  }

  /** Their quotient. */
  public static HalfFloat div(HalfFloat a, HalfFloat b) {
    return new HalfFloat(a.getFloat32() / b.getFloat32());
  }

  /** The bits. */
  public short getHalfFloatValue() {
    return bits;
  }

  /** The value as a float. */
  public float getFloat32() {
    return Float.float16ToFloat(bits);
  }

  @Override
  public String toString() {
    return Float.toString(getFloat32());
  }
}
