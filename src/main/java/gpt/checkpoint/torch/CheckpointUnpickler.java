package gpt.checkpoint.torch;

import gpt.GptException;
import gpt.checkpoint.files.Fault;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.razorvine.pickle.Opcodes;
import net.razorvine.pickle.PickleUtils;
import net.razorvine.pickle.Unpickler;

/**
 * Reads pickles that hold only tensors and plain values. A pickle is a program that can name any
 * class and call it. Here every opcode that names or calls one is checked against an allow-list, so
 * that neither the library's registry of constructors nor its reflective BUILD is ever reached. A
 * name that is not on the list is an error before any object is built.
 *
 * <p>Python values become: None null, bool Boolean, int Integer, Long or BigInteger, float Double,
 * str String, bytes byte[], tuple Object[], list List, set Set, dict and OrderedDict Map, a tensor
 * {@link TorchTensor}, and a numpy scalar the plain value it holds.
 */
final class CheckpointUnpickler extends Unpickler {
  private static final String ORDERED_DICT = "collections.OrderedDict";
  private static final String SIZE = "torch.Size";
  private static final String REBUILD_TENSOR = "torch._utils._rebuild_tensor_v2";
  private static final String REBUILD_PARAMETER = "torch._utils._rebuild_parameter";

  // A pickled numpy scalar is scalar(dtype, bytes); up to protocol 2 the bytes are an encoded str.
  private static final String NUMPY_DTYPE = "numpy.dtype";
  private static final String ENCODE = "_codecs.encode";
  private static final String NUMPY_SCALAR = "numpy._core.multiarray.scalar";
  private static final String NUMPY_1_SCALAR = "numpy.core.multiarray.scalar";
  private static final String NOT_A_NUMBER = " of something other than the bytes of a number";

  /** PyTorch's own limit. */
  private static final int MAX_DIMENSIONS = 64;

  /** Names that a pickle may contain, besides the storage classes. */
  private static final Set<String> ALLOWED =
      Set.of(
          ORDERED_DICT,
          SIZE,
          REBUILD_TENSOR,
          REBUILD_PARAMETER,
          NUMPY_DTYPE,
          ENCODE,
          NUMPY_SCALAR,
          NUMPY_1_SCALAR,
          "torch.float32",
          "torch.float16",
          "torch.bfloat16",
          "torch.float64",
          "torch.int64",
          "torch.int32",
          "torch.int16",
          "torch.int8",
          "torch.uint8",
          "torch.bool");

  /** An allowed name, not called yet. */
  private record Global(String name) {}

  /** An OrderedDict. A BUILD opcode, which sets attributes, is accepted and ignored on it. */
  private static final class OrderedDict extends LinkedHashMap<Object, Object> {
    private static final long serialVersionUID = 1L;
  }

  private final Path file;

  private CheckpointUnpickler(Path file) {
    this.file = file;
  }

  /**
   * Reads a pickle.
   *
   * @param file named in error messages
   * @param pickle the whole pickle
   * @throws GptException if the pickle is damaged or contains a name that is not allowed
   */
  static Object load(Path file, byte[] pickle) {
    CheckpointUnpickler unpickler = new CheckpointUnpickler(file);
    try {
      return unpickler.load(new ByteArrayInputStream(pickle));
    } catch (GptException e) {
      throw e;
    } catch (IOException | RuntimeException | StackOverflowError e) {
      throw Fault.in(file, "its pickle is damaged: " + Fault.reason(e), e);
    }
  }

  @Override
  protected Object dispatch(short key) throws IOException {
    switch (key) {
      case Opcodes.PROTO, Opcodes.FRAME, Opcodes.STOP, Opcodes.MARK:
      case Opcodes.NONE, Opcodes.NEWTRUE, Opcodes.NEWFALSE:
      case Opcodes.INT, Opcodes.BININT, Opcodes.BININT1, Opcodes.BININT2, Opcodes.LONG1:
      case Opcodes.FLOAT, Opcodes.BINFLOAT:
      case Opcodes.STRING, Opcodes.SHORT_BINSTRING, Opcodes.UNICODE, Opcodes.SHORT_BINUNICODE:
      case Opcodes.SHORT_BINBYTES:
      case Opcodes.TUPLE, Opcodes.EMPTY_TUPLE, Opcodes.TUPLE1, Opcodes.TUPLE2, Opcodes.TUPLE3:
      case Opcodes.LIST, Opcodes.EMPTY_LIST:
      case Opcodes.GET, Opcodes.BINGET, Opcodes.LONG_BINGET:
      case Opcodes.PUT, Opcodes.BINPUT, Opcodes.LONG_BINPUT, Opcodes.MEMOIZE:
        return super.dispatch(key);
      case Opcodes.LONG4, Opcodes.BINSTRING, Opcodes.BINBYTES, Opcodes.BINUNICODE:
        checkLength(4);
        return super.dispatch(key);
      case Opcodes.BINUNICODE8, Opcodes.BINBYTES8, Opcodes.BYTEARRAY8:
        checkLength(8);
        return super.dispatch(key);

      // Containers are built here: the library's keep no order and accept unhashable keys.
      case Opcodes.EMPTY_DICT:
        stack.add(new LinkedHashMap<>());
        break;
      case Opcodes.EMPTY_SET:
        stack.add(new LinkedHashSet<>());
        break;
      case Opcodes.DICT:
        List<Object> items = stack.pop_all_since_marker();
        stack.add(new LinkedHashMap<>());
        putAll(items);
        break;
      case Opcodes.SETITEM:
        Object value = stack.pop();
        Object name = stack.pop();
        put(name, value);
        break;
      case Opcodes.SETITEMS:
        putAll(stack.pop_all_since_marker());
        break;
      case Opcodes.FROZENSET:
        List<Object> members = stack.pop_all_since_marker();
        stack.add(new LinkedHashSet<>());
        addAll(members);
        break;
      case Opcodes.APPEND:
        addAll(Collections.singletonList(stack.pop()));
        break;
      case Opcodes.APPENDS, Opcodes.ADDITEMS:
        addAll(stack.pop_all_since_marker());
        break;

      case Opcodes.GLOBAL:
        String module = PickleUtils.readline(input);
        global(module, PickleUtils.readline(input));
        break;
      case Opcodes.STACK_GLOBAL:
        Object attribute = stack.pop();
        Object in = stack.pop();
        if (!(in instanceof String m && attribute instanceof String a)) {
          throw damaged(
              "expected a name of two strings, found "
                  + describe(in)
                  + " and "
                  + describe(attribute));
        }
        global(m, a);
        break;
      case Opcodes.REDUCE:
        reduce();
        break;
      case Opcodes.BUILD:
        build(stack.pop());
        break;
      case Opcodes.BINPERSID:
        return super.dispatch(key);
      case Opcodes.INST:
        String instModule = PickleUtils.readline(input);
        throw refused(instModule + "." + PickleUtils.readline(input));
      default:
        throw refused("opcode 0x" + Integer.toHexString(key));
    }
    return NO_RETURN_VALUE;
  }

  /** Checks a length prefix: the library allocates that many bytes before it reads them. */
  private void checkLength(int bytes) throws IOException {
    input.mark(bytes);
    byte[] length = PickleUtils.readbytes(input, bytes);
    long n =
        bytes == 4 ? PickleUtils.bytes_to_integer(length) : PickleUtils.bytes_to_long(length, 0);
    if (n < 0 || n > input.available()) {
      throw damaged("expected a value of " + n + " bytes, found " + input.available());
    }
    input.reset();
  }

  private void global(String module, String attribute) {
    String name = module + "." + attribute;
    if (!ALLOWED.contains(name) && TorchStorage.Type.ofClass(name) == null) {
      throw refused(name);
    }
    stack.add(new Global(name));
  }

  private void reduce() {
    Object[] args = tuple(stack.pop());
    Object callable = stack.pop();
    if (!(callable instanceof Global global)) {
      throw refused("a call of " + describe(callable));
    }
    stack.add(
        switch (global.name()) {
          case ORDERED_DICT -> {
            if (args.length != 0) {
              throw refused(ORDERED_DICT + " with arguments");
            }
            yield new OrderedDict();
          }
          case SIZE -> tuple(args[0]);
          case REBUILD_TENSOR ->
              new TorchTensor(
                  storage(args[0]), nonNegative(args[1]), dimensions(args[2]), dimensions(args[3]));
          case REBUILD_PARAMETER -> args[0];
          case NUMPY_DTYPE ->
              supported(NumpyType.of(args[0]), NUMPY_DTYPE + " that is no plain number type");
          case ENCODE -> supported(NumpyType.encodedBytes(args), ENCODE + NOT_A_NUMBER);
          case NUMPY_SCALAR, NUMPY_1_SCALAR ->
              supported(NumpyType.scalar(args), global.name() + NOT_A_NUMBER);
          default -> throw refused("a call of " + global.name());
        });
  }

  /** Returns the value, which is null if the arguments of a call are not what numpy writes. */
  private Object supported(Object value, String call) {
    if (value == null) {
      throw refused(call);
    }
    return value;
  }

  /** Handles BUILD: ignored on an OrderedDict; on a numpy dtype it sets the byte order. */
  private void build(Object state) {
    Object target = stack.peek();
    if (target instanceof OrderedDict) {
      return;
    }
    if (!(target instanceof NumpyType)) {
      throw refused("attributes set on " + describe(target));
    }
    if (!NumpyType.isLittleEndian(state)) {
      throw refused(NUMPY_DTYPE + " in a byte order other than little-endian");
    }
  }

  /** Resolves ('storage', storage class, key, device, elements) to a storage in the zip. */
  @Override
  protected Object persistentLoad(Object pid) {
    if (pid instanceof Object[] t
        && t.length == 5
        && "storage".equals(t[0])
        && t[1] instanceof Global type
        && TorchStorage.Type.ofClass(type.name()) != null
        && t[2] instanceof String key) {
      long length = nonNegative(t[4]);
      if (length > TorchStorage.MAX_LENGTH) {
        throw damaged("expected a storage of at most 2^40 elements, found " + length);
      }
      return new TorchStorage(key, TorchStorage.Type.ofClass(type.name()), length);
    }
    throw refused("a persistent id that is not a storage");
  }

  private void putAll(List<Object> items) {
    if (items.size() % 2 != 0) {
      throw damaged("expected a value for each key of a dict, found a key without one");
    }
    for (int i = 0; i < items.size(); i += 2) {
      put(items.get(i), items.get(i + 1));
    }
  }

  @SuppressWarnings("unchecked")
  private void put(Object key, Object value) {
    if (!(stack.peek() instanceof Map<?, ?> map)) {
      throw damaged("expected a dict to set an item in, found " + describe(stack.peek()));
    }
    ((Map<Object, Object>) map).put(hashable(key), value);
  }

  @SuppressWarnings("unchecked")
  private void addAll(List<Object> values) {
    if (!(stack.peek() instanceof Collection<?> collection)) {
      throw damaged("expected a list or set to add values to, found " + describe(stack.peek()));
    }
    if (collection instanceof Set) {
      values.forEach(this::hashable);
    }
    ((Collection<Object>) collection).addAll(values);
  }

  /**
   * Checks a dict key or set member. Only plain values are allowed: hashing nested lists takes
   * exponential time, and hashing a huge integer is slow each time.
   */
  private Object hashable(Object key) {
    return switch (key) {
      case null -> null;
      case String s -> s;
      case Integer i -> i;
      case Long l -> l;
      case Double d -> d;
      case Boolean b -> b;
      default -> throw damaged("expected a plain value as a key, found " + describe(key));
    };
  }

  private TorchStorage storage(Object value) {
    if (value instanceof TorchStorage storage) {
      return storage;
    }
    throw damaged("expected a tensor's storage, found " + describe(value));
  }

  private long[] dimensions(Object value) {
    Object[] dims = tuple(value);
    if (dims.length
        > MAX_DIMENSIONS) { // many tensors may share one shape, which is copied for each
      throw damaged("expected at most " + MAX_DIMENSIONS + " dimensions, found " + dims.length);
    }
    long[] out = new long[dims.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = nonNegative(dims[i]);
    }
    return out;
  }

  private Object[] tuple(Object value) {
    if (value instanceof Object[] tuple) {
      return tuple;
    }
    throw damaged("expected a tuple, found " + describe(value));
  }

  private long nonNegative(Object value) {
    if (value instanceof Integer i && i >= 0) {
      return i;
    }
    if (value instanceof Long l && l >= 0) {
      return l;
    }
    throw damaged("expected a size, found " + describe(value));
  }

  private GptException refused(String what) {
    return Fault.in(
        file,
        "refused: its pickle contains "
            + what
            + "; only tensors, OrderedDict, numpy scalars and plain values are allowed");
  }

  private GptException damaged(String what) {
    return Fault.in(file, "its pickle is damaged: " + what);
  }

  /** A value's type for an error message, without its content, which may be very long. */
  static String describe(Object value) {
    return switch (value) {
      case null -> "None";
      case Global g -> g.name();
      case String s -> "a str";
      case Boolean b -> b ? "True" : "False";
      case Integer i -> "the int " + i;
      case Long l -> "the int " + l;
      case Double d -> "a float";
      case BigInteger big -> "a huge int";
      case Object[] t -> "a tuple";
      case byte[] b -> "bytes";
      case ArrayList<?> l -> "a list";
      case Map<?, ?> m -> "a dict";
      case Set<?> s -> "a set";
      case TorchTensor t -> "a tensor";
      case NumpyType t -> "a numpy dtype";
      case TorchStorage s -> "a storage";
      default -> "a mark";
    };
  }
}
