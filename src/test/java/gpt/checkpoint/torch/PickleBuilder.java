package gpt.checkpoint.torch;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.razorvine.pickle.Opcodes;

/** Writes pickles: plain values, PyTorch tensors, and any opcodes. */
public final class PickleBuilder {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** A tensor in the form that torch.save pickles. */
  public record Torch(
      String storageClass,
      String key,
      long storageLength,
      long offset,
      List<Integer> shape,
      List<Integer> stride) {}

  /** A meta.pkl as nanoGPT's prepare.py writes it. */
  public static byte[] meta(Object... characters) {
    Map<Object, Object> itos = new LinkedHashMap<>();
    Map<Object, Object> stoi = new LinkedHashMap<>();
    for (int i = 0; i < characters.length; i++) {
      itos.put(i, characters[i]);
      stoi.put(characters[i], i);
    }
    return new PickleBuilder()
        .value(Map.of("vocab_size", characters.length, "itos", itos, "stoi", stoi))
        .stop();
  }

  public PickleBuilder() {
    op(Opcodes.PROTO, 2);
  }

  public PickleBuilder op(int... bytes) {
    for (int b : bytes) {
      out.write(b);
    }
    return this;
  }

  public PickleBuilder lines(String... lines) {
    for (String line : lines) {
      out.writeBytes((line + "\n").getBytes(StandardCharsets.UTF_8));
    }
    return this;
  }

  public PickleBuilder global(String module, String name) {
    return op(Opcodes.GLOBAL).lines(module, name);
  }

  public PickleBuilder value(Object value) {
    switch (value) {
      case null -> op(Opcodes.NONE);
      case Boolean b -> op(b ? Opcodes.NEWTRUE : Opcodes.NEWFALSE);
      case Integer i -> op(Opcodes.BININT).little(4, i);
      case Long l -> op(Opcodes.LONG1, 8).little(8, l);
      case Double d -> {
        op(Opcodes.BINFLOAT);
        out.writeBytes(ByteBuffer.allocate(8).putDouble(d).array());
      }
      case String s -> {
        byte[] utf8 = s.getBytes(StandardCharsets.UTF_8);
        op(Opcodes.BINUNICODE).little(4, utf8.length);
        out.writeBytes(utf8);
      }
      case Object[] tuple -> {
        op(Opcodes.MARK);
        List.of(tuple).forEach(this::value);
        op(Opcodes.TUPLE);
      }
      case List<?> list -> {
        op(Opcodes.EMPTY_LIST, Opcodes.MARK);
        list.forEach(this::value);
        op(Opcodes.APPENDS);
      }
      case Map<?, ?> map -> {
        op(Opcodes.EMPTY_DICT, Opcodes.MARK);
        map.forEach((k, v) -> value(k).value(v));
        op(Opcodes.SETITEMS);
      }
      case Torch t -> tensor(t);
      default -> throw new IllegalArgumentException("cannot pickle " + value.getClass());
    }
    return this;
  }

  /** The type of a numpy number, such as {@code f8}, in byte order {@code <}. */
  public PickleBuilder numpyType(String type, String order) {
    return global("numpy", "dtype")
        .value(new Object[] {type, false, true})
        .op(Opcodes.REDUCE, Opcodes.MARK)
        .value(3)
        .value(order)
        .op(Opcodes.NONE, Opcodes.NONE, Opcodes.NONE)
        .value(-1)
        .value(-1)
        .value(0)
        .op(Opcodes.TUPLE, Opcodes.BUILD);
  }

  /** A scalar as numpy pickles it with protocol 2. */
  public PickleBuilder numpyScalar(String module, String type, String order, byte[] bytes) {
    return global(module, "scalar")
        .numpyType(type, order)
        .global("_codecs", "encode")
        .value(new Object[] {new String(bytes, StandardCharsets.ISO_8859_1), "latin1"})
        .op(Opcodes.REDUCE, Opcodes.TUPLE2, Opcodes.REDUCE);
  }

  private void tensor(Torch t) {
    global("torch._utils", "_rebuild_tensor_v2").op(Opcodes.MARK).op(Opcodes.MARK).value("storage");
    int dot = t.storageClass().lastIndexOf('.');
    global(t.storageClass().substring(0, dot), t.storageClass().substring(dot + 1));
    value(t.key()).value("cpu").value(t.storageLength()).op(Opcodes.TUPLE, Opcodes.BINPERSID);
    value(t.offset()).value(t.shape().toArray()).value(t.stride().toArray()).value(false);
    global("collections", "OrderedDict").op(Opcodes.EMPTY_TUPLE, Opcodes.REDUCE);
    op(Opcodes.TUPLE, Opcodes.REDUCE);
  }

  private PickleBuilder little(int bytes, long value) {
    byte[] all = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
    out.write(all, 0, bytes);
    return this;
  }

  public byte[] stop() {
    return op(Opcodes.STOP).out.toByteArray();
  }
}
