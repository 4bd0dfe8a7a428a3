package gpt.checkpoint;

import gpt.model.DType;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * A storage as a pickle of PyTorch names it, not read yet.
 *
 * @param key its record in the zip is {@code data/KEY}
 * @param type what it holds
 * @param length elements, at most {@link #LONGEST}
 */
record TorchStorage(String key, Type type, long length) {
  /** Far beyond any real one, and small enough that no sum of sizes overflows. */
  static final long LONGEST = 1L << 40;

  /** PyTorch's element types. Only three can be weights; the others may stand in a checkpoint. */
  enum Type {
    FLOAT32(4, DType.F32, "torch.FloatStorage"),
    FLOAT16(2, DType.F16, "torch.HalfStorage"),
    BFLOAT16(2, DType.BF16, "torch.BFloat16Storage"),
    FLOAT64(8, null, "torch.DoubleStorage"),
    INT64(8, null, "torch.LongStorage"),
    INT32(4, null, "torch.IntStorage"),
    INT16(2, null, "torch.ShortStorage"),
    INT8(1, null, "torch.CharStorage"),
    BOOL(1, null, "torch.BoolStorage"),
    COMPLEX64(8, null, "torch.ComplexFloatStorage"),
    COMPLEX128(16, null, "torch.ComplexDoubleStorage"),
    UINT8(
        1,
        null,
        "torch.ByteStorage",
        "torch.UntypedStorage",
        "torch.storage.UntypedStorage",
        "torch.storage.TypedStorage");

    private static final Map<String, Type> BY_CLASS = new HashMap<>();

    static {
      for (Type t : values()) {
        for (String name : t.classes) {
          BY_CLASS.put(name, t);
        }
      }
    }

    private final int bytes;
    private final DType dtype;
    private final String[] classes;

    Type(int bytes, DType dtype, String... classes) {
      this.bytes = bytes;
      this.dtype = dtype;
      this.classes = classes;
    }

    /** The type of a storage class, or null where there is none of this name. */
    static Type ofClass(String name) {
      return BY_CLASS.get(name);
    }

    /** Bytes per element. */
    int bytes() {
      return bytes;
    }

    /** The weights' type, or null where this cannot be a weight. */
    DType dtype() {
      return dtype;
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Bytes of the whole storage. */
  long byteSize() {
    return length * type.bytes();
  }
}
