package gpt.checkpoint.torch;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/** numpy's number types whose scalars a pickle may contain; little-endian only. */
enum NumpyType {
  B1(1),
  I1(1),
  I2(2),
  I4(4),
  I8(8),
  U1(1),
  U2(2),
  U4(4),
  U8(8),
  F2(2),
  F4(4),
  F8(8);

  /** The size of the largest type in bytes. */
  private static final int MAX_BYTES = 8;

  private final int bytes;

  NumpyType(int bytes) {
    this.bytes = bytes;
  }

  /** The type of a {@code numpy.dtype} name such as {@code f8}; null if it is not supported. */
  static NumpyType of(Object name) {
    return Arrays.stream(values())
        .filter(t -> t.name().toLowerCase(Locale.ROOT).equals(name))
        .findFirst()
        .orElse(null);
  }

  /**
   * The result of {@code _codecs.encode(STR, 'latin1')}, which holds the bytes of a number up to
   * protocol 2.
   *
   * @return null if the arguments are anything else, or more bytes than a number has
   */
  static byte[] encodedBytes(Object[] args) {
    boolean number =
        args.length == 2
            && args[0] instanceof String text
            && text.length() <= MAX_BYTES
            && text.chars().allMatch(c -> c < 256)
            && "latin1".equals(args[1]);
    return number ? ((String) args[0]).getBytes(StandardCharsets.ISO_8859_1) : null;
  }

  /** Whether a dtype's state, {@code (3, '<', None, …)}, says little-endian. */
  static boolean isLittleEndian(Object state) {
    return state instanceof Object[] fields
        && fields.length > 1
        && ("<".equals(fields[1]) || "|".equals(fields[1]));
  }

  /**
   * A scalar as a plain value of {@link CheckpointUnpickler}.
   *
   * @param args its type and its bytes
   * @return null if the arguments are anything else
   */
  static Object scalar(Object[] args) {
    boolean fit =
        args.length == 2
            && args[0] instanceof NumpyType type
            && args[1] instanceof byte[] data
            && data.length == type.bytes;
    return fit ? ((NumpyType) args[0]).value((byte[]) args[1]) : null;
  }

  private Object value(byte[] data) {
    ByteBuffer in = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
    return switch (this) {
      case B1 -> in.get() != 0;
      case I1 -> (int) in.get();
      case I2 -> (int) in.getShort();
      case I4 -> in.getInt();
      case I8 -> integer(in.getLong());
      case U1 -> Byte.toUnsignedInt(in.get());
      case U2 -> Short.toUnsignedInt(in.getShort());
      case U4 -> integer(Integer.toUnsignedLong(in.getInt()));
      case U8 -> unsigned(in.getLong());
      case F2 -> (double) Float.float16ToFloat(in.getShort());
      case F4 -> (double) in.getFloat();
      case F8 -> in.getDouble();
    };
  }

  private static Object integer(long value) {
    if (value == (int) value) {
      return (int) value;
    }
    return value;
  }

  private static Object unsigned(long value) {
    return value < 0 ? new BigInteger(Long.toUnsignedString(value)) : integer(value);
  }
}
