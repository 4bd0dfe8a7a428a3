package gpt.checkpoint.torch;

import gpt.model.DType;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * A PyTorch storage (the memory of one or more tensors) that a pickle names, not read yet.
 *
 * @param key its record in the zip is {@code data/KEY}
 * @param type the type of its elements
 * @param length the number of its elements, at most {@link #MAX_LENGTH}
 */
record TorchStorage(String key, Type type, long length) {
  /** More than any model has, and small enough that sums of sizes do not overflow. */
  static final long MAX_LENGTH = 1L << 40;

  /**
   * PyTorch's element types. Three are supported as weights; a checkpoint may contain the others.
   */
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

    /** The type of a storage class, or null if the class is unknown. */
    static Type ofClass(String name) {
      return BY_CLASS.get(name);
    }

    /** Bytes per element. */
    int bytes() {
      return bytes;
    }

    /** The type of a weight, or null if this type is not supported for weights. */
    DType dtype() {
      return dtype;
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  long byteSize() {
    return length * type.bytes();
  }
}
