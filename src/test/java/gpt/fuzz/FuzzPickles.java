package gpt.fuzz;

import gpt.checkpoint.gguf.TinyGguf;
import gpt.checkpoint.torch.PickleBuilder;
import gpt.checkpoint.torch.PickleBuilder.Torch;
import gpt.checkpoint.torch.TinyNanoGpt;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import net.razorvine.pickle.Opcodes;

/** Pickle seeds, and zips with a pickle, for {@link FuzzSeeds}. */
final class FuzzPickles {
  private static final String C_FC = "transformer.h.0.mlp.c_fc.weight";

  private final Map<String, byte[]> seeds = new LinkedHashMap<>();

  private FuzzPickles() {}

  /** Seeds for a ckpt.pt: its pickle, or the whole zip. */
  static Map<String, byte[]> checkpoints(Path scratch) throws IOException {
    FuzzPickles p = new FuzzPickles();
    p.seeds.put("valid-pickle", new TinyNanoGpt().pickle());
    p.numpy();
    p.pickles();
    p.tensors();
    p.zips(scratch);
    return p.seeds;
  }

  /** Seeds for a meta.pkl. */
  static Map<String, byte[]> metas() {
    FuzzPickles p = new FuzzPickles();
    p.seeds.put("valid-meta", PickleBuilder.meta("a", "b", "\n", "\ud83d\ude00", "\u00e9"));
    p.put("valid-byte-pairs", new PickleBuilder().value(Map.of("vocab_size", 50257)));
    p.seeds.put("none", PickleBuilder.meta());
    p.seeds.put("surrogate", PickleBuilder.meta("\ud800"));
    p.seeds.put("attack-many", PickleBuilder.meta("a", "b", "c", "d", "e", "f"));
    p.seeds.put("attack-two-in-one", PickleBuilder.meta("ab"));
    p.seeds.put("attack-numbers", PickleBuilder.meta(1, 2));
    p.put("attack-gap", itos(Map.of(0, "a", 5, "b")));
    p.put("attack-negative", itos(Map.of(-1, "a")));
    p.put("attack-longs", itos(Map.of(0L, "a")));
    p.put("attack-twice", itos(Map.of(0, "a", 1, "a")));
    p.pickles();
    return p.seeds;
  }

  private static PickleBuilder itos(Map<?, ?> itos) {
    return new PickleBuilder().value(Map.of("itos", itos));
  }

  private void put(String name, PickleBuilder pickle) {
    seeds.put(name, pickle.stop());
  }

  /** Malicious pickles. Those that only waste time or memory need not be refused. */
  private void pickles() {
    Object[] command = {"echo pwned"};
    put(
        "attack-global",
        new PickleBuilder().global("os", "system").value(command).op(Opcodes.REDUCE));
    put(
        "attack-stack-global",
        new PickleBuilder()
            .value("builtins")
            .value("eval")
            .op(Opcodes.STACK_GLOBAL)
            .value(command)
            .op(Opcodes.REDUCE));
    put("attack-inst", new PickleBuilder().op(Opcodes.MARK, Opcodes.INST).lines("os", "system"));
    put(
        "attack-obj",
        new PickleBuilder().op(Opcodes.MARK).global("os", "system").value("x").op(Opcodes.OBJ));
    put("attack-persid", new PickleBuilder().op(Opcodes.PERSID).lines("x"));
    put("attack-binpersid", new PickleBuilder().value(command).op(Opcodes.BINPERSID));
    put("attack-extension", new PickleBuilder().op(Opcodes.EXT4, 1, 0, 0, 0));
    put("attack-build", new PickleBuilder().value(1).value(Map.of()).op(Opcodes.BUILD));
    put("attack-size-of-nothing", torchSize().op(Opcodes.EMPTY_TUPLE, Opcodes.REDUCE));
    for (short opcode :
        new short[] {Opcodes.LONG4, Opcodes.BINSTRING, Opcodes.BINBYTES, Opcodes.BINUNICODE}) {
      String name = "attack-length-" + Integer.toHexString(opcode);
      put(name, new PickleBuilder().op(opcode, 0xff, 0xff, 0xff, 0x7f, 1));
      put(name + "-negative", new PickleBuilder().op(opcode, 0, 0, 0, 0x80, 1));
      put(name + "-by-1", new PickleBuilder().op(opcode, 2, 0, 0, 0));
    }
    for (short opcode : new short[] {Opcodes.BINUNICODE8, Opcodes.BINBYTES8, Opcodes.BYTEARRAY8}) {
      String name = "attack-length-" + Integer.toHexString(opcode);
      put(name, new PickleBuilder().op(opcode, -1, -1, -1, -1, -1, -1, -1, 0x7f, 1));
      put(name + "-negative", new PickleBuilder().op(opcode, -1, -1, -1, -1, -1, -1, -1, -1, 1));
      put(name + "-2-32", new PickleBuilder().op(opcode, 0, 0, 0, 0, 1, 0, 0, 0, 1));
    }
    put("attack-short-cut", new PickleBuilder().op(Opcodes.SHORT_BINUNICODE, 255));
    put("attack-memo-missing", new PickleBuilder().op(Opcodes.LONG_BINGET, -1, -1, -1, -1));
    put("attack-memo-text", new PickleBuilder().op(Opcodes.GET).lines("1".repeat(100_000)));
    put("attack-pop-nothing", new PickleBuilder());
    put("attack-no-mark", new PickleBuilder().op(Opcodes.TUPLE));
    put("attack-odd-dict", new PickleBuilder().op(Opcodes.MARK, Opcodes.NONE, Opcodes.DICT));
    put("attack-int-text", new PickleBuilder().op(Opcodes.INT).lines("9".repeat(100_000)));
    put("attack-escape", new PickleBuilder().op(Opcodes.UNICODE).lines("\\U00110000"));
    put("attack-escape-cut", new PickleBuilder().op(Opcodes.STRING).lines("'\\x1'"));
    seeds.put("attack-nothing", new byte[0]);
    put("frame-huge", new PickleBuilder().op(Opcodes.FRAME, -1, -1, -1, -1, -1, -1, -1, 0x7f, 'N'));
    put("memo-huge", new PickleBuilder().op(Opcodes.NONE, Opcodes.LONG_BINPUT, -1, -1, -1, 0x7f));
    put("float-text", new PickleBuilder().op(Opcodes.FLOAT).lines("1".repeat(100_000) + "e-9"));
    put("long-text", new PickleBuilder().op(Opcodes.LONG).lines("1".repeat(100_000) + "L"));
    put("laughs-lists", laughs(Opcodes.EMPTY_LIST, Opcodes.APPENDS));
    put("attack-laughs-sets", laughs(Opcodes.EMPTY_SET, Opcodes.ADDITEMS));
    put("attack-laughs-keys", laughs(Opcodes.EMPTY_DICT, Opcodes.SETITEMS));
    put(
        "attack-laughs-in-a-set",
        laughs(Opcodes.EMPTY_LIST, Opcodes.APPENDS)
            .op('q', 0, Opcodes.EMPTY_SET, Opcodes.MARK, 'h', 0, Opcodes.ADDITEMS));
    put(
        "attack-laughs-frozen",
        laughs(Opcodes.EMPTY_LIST, Opcodes.APPENDS)
            .op('q', 0, Opcodes.MARK, 'h', 0, Opcodes.FROZENSET));
    put("itself", new PickleBuilder().op(Opcodes.EMPTY_LIST, 'q', 0, 'h', 0, Opcodes.APPEND));
    put("deep", repeated(100_000, Opcodes.EMPTY_TUPLE, Opcodes.TUPLE1));
    put("dicts", repeated(100_000, Opcodes.NONE, Opcodes.EMPTY_DICT));
    put("sets", repeated(100_000, Opcodes.NONE, Opcodes.EMPTY_SET));
    put("memos", repeated(100_000, Opcodes.NONE, Opcodes.MEMOIZE));
  }

  private static PickleBuilder torchSize() {
    return new PickleBuilder().global("torch", "Size");
  }

  private static PickleBuilder repeated(int times, int first, int opcode) {
    int[] all = new int[times];
    Arrays.fill(all, opcode);
    return new PickleBuilder().op(first).op(all);
  }

  /** "Billion laughs": 60 nested containers, each with its inner one twice. */
  private static PickleBuilder laughs(int empty, int fill) {
    PickleBuilder p = new PickleBuilder().op(Opcodes.EMPTY_TUPLE);
    for (int i = 0; i < 60; i++) {
      p.op(Opcodes.BINPUT, 0, empty, Opcodes.MARK, Opcodes.BINGET, 0, Opcodes.BINGET, 0, fill);
    }
    return p;
  }

  /** A model with a numpy scalar, and invalid scalars. */
  private void numpy() {
    String module = "numpy._core.multiarray";
    for (int bytes : new int[] {8, 0, 7, 9, 100_000}) {
      PickleBuilder p = new PickleBuilder().op(Opcodes.EMPTY_DICT, Opcodes.MARK).value("x");
      p.numpyScalar(module, "f8", "<", new byte[bytes]);
      TinyNanoGpt tiny = new TinyNanoGpt();
      p.value("model").value(tiny.tensors).value("model_args").value(tiny.args);
      put((bytes == 8 ? "valid" : "attack") + "-numpy-" + bytes, p.op(Opcodes.SETITEMS));
    }
    for (String type : new String[] {"O", "f16", "V2147483647", "f8,f8", ""}) {
      PickleBuilder p = new PickleBuilder().global("numpy", "dtype");
      p.value(new Object[] {type, false, true}).op(Opcodes.REDUCE);
      put("attack-numpy-type-" + type, p);
    }
    PickleBuilder many = new PickleBuilder().global("numpy._core.multiarray", "scalar");
    many.op('q', 0).global("numpy", "dtype").value(new Object[] {"i4"}).op(Opcodes.REDUCE);
    many.op('q', 1).value(new Object[] {"abcd", "latin1"}).op('q', 2);
    many.global("_codecs", "encode").op('q', 3);
    for (int i = 0; i < 10_000; i++) {
      many.op('h', 0, 'h', 1, 'h', 3, 'h', 2, Opcodes.REDUCE, Opcodes.TUPLE2, Opcodes.REDUCE);
    }
    put("numpy-many", many);
  }

  /** Tensors whose description does not match their data. */
  private void tensors() {
    for (long length : new long[] {17, 15, 1L << 40, (1L << 40) + 1, 1L << 62, -1}) {
      tensor("storage-of-" + length, new Torch("torch.FloatStorage", "10", length, 0, w(), s()));
    }
    for (long offset : new long[] {1, -1, Long.MAX_VALUE, Long.MIN_VALUE}) {
      tensor("offset-" + offset, new Torch("torch.FloatStorage", "10", 16, offset, w(), s()));
    }
    tensor("other-record", new Torch("torch.FloatStorage", "9", 16, 0, w(), s()));
    tensor("record-outside", new Torch("torch.FloatStorage", "../../x", 16, 0, w(), s()));
    tensor("strided", new Torch("torch.FloatStorage", "10", 16, 0, w(), List.of(0, 0)));
    tensor("rank-0", new Torch("torch.FloatStorage", "10", 16, 0, List.of(), List.of()));
    tensor("doubles", new Torch("torch.DoubleStorage", "10", 8, 0, w(), s()));
    List<Integer> many = Collections.nCopies(1000, 1);
    tensor("rank-1000", new Torch("torch.FloatStorage", "10", 16, 0, many, many));
    seeds.put("attack-shapes-shared", sharedShapes(1000, 500));
    seeds.put("attack-shapes-shared-more", sharedShapes(1 << 15, 1 << 14));
    for (Object value : new Object[] {Integer.MAX_VALUE, 0, -1, 1L << 32, 2.0, "2", List.of()}) {
      for (String key : List.of("n_layer", "n_embd", "n_head", "block_size", "vocab_size")) {
        TinyNanoGpt tiny = new TinyNanoGpt();
        tiny.args.put(key, value);
        String shown = value instanceof List ? "list" : value.toString();
        seeds.put(FuzzSeeds.ATTACK + key + "-" + shown, tiny.pickle());
      }
    }
  }

  private static List<Integer> w() {
    return List.of(8, 2);
  }

  private static List<Integer> s() {
    return List.of(2, 1);
  }

  private void tensor(String name, Torch torch) {
    TinyNanoGpt tiny = new TinyNanoGpt();
    tiny.tensors.put(C_FC, torch);
    seeds.put(FuzzSeeds.ATTACK + name, tiny.pickle());
  }

  /** Many tensors that share one shape of many dimensions. */
  private static byte[] sharedShapes(int dimensions, int tensors) {
    PickleBuilder p = new PickleBuilder().value(Collections.nCopies(dimensions, 1).toArray());
    p.op(Opcodes.BINPUT, 0).global("torch._utils", "_rebuild_tensor_v2").op(Opcodes.BINPUT, 1);
    p.op(Opcodes.MARK).value("storage").global("torch", "FloatStorage").value("0").value("cpu");
    p.value(10).op(Opcodes.TUPLE, Opcodes.BINPERSID, Opcodes.BINPUT, 2);
    for (int i = 0; i < tensors; i++) {
      p.op(Opcodes.BINGET, 1, Opcodes.MARK, Opcodes.BINGET, 2, Opcodes.BININT1, 0);
      p.op(Opcodes.BINGET, 0, Opcodes.BINGET, 0, Opcodes.TUPLE, Opcodes.REDUCE);
    }
    return p.stop();
  }

  private void zips(Path folder) throws IOException {
    TinyNanoGpt tiny = new TinyNanoGpt();
    byte[] good = Files.readAllBytes(tiny.write(folder));
    seeds.put("valid-zip", good);
    seeds.put("valid-zip-without-crc", TinyNanoGpt.withoutChecksums(good));
    byte[] flipped = good.clone();
    flipped[little(good).getInt(TinyNanoGpt.directoryEntry(good, "ckpt/data/0") + 42) + 30 + 11] ^=
        1;
    seeds.put("attack-zip-flipped", flipped);
    Map<String, byte[]> entries = new LinkedHashMap<>();
    entries.put("ckpt/data.pkl", tiny.pickle());
    tiny.records.forEach((key, data) -> entries.put("ckpt/data/" + key, data));
    seeds.put("attack-zip-deflated", zip(folder, entries, ZipEntry.DEFLATED));
    TinyNanoGpt.zip(
        folder.resolve("some.zip"),
        entries,
        name -> name.endsWith(".pkl") ? ZipEntry.STORED : ZipEntry.DEFLATED);
    seeds.put("attack-zip-deflated-records", Files.readAllBytes(folder.resolve("some.zip")));
    Map<String, byte[]> other = new LinkedHashMap<>(entries);
    other.put("b/data.pkl", tiny.pickle());
    seeds.put("attack-zip-two-pickles", zip(folder, other, ZipEntry.STORED));
    seeds.put("attack-zip-bomb", bomb(folder, new byte[16 << 20]));
    byte[] dicts = new byte[1 << 20];
    Arrays.fill(dicts, (byte) Opcodes.EMPTY_DICT);
    seeds.put("attack-zip-bomb-of-dicts", bomb(folder, dicts));
    Map<String, byte[]> outside = new LinkedHashMap<>();
    entries.forEach((name, data) -> outside.put(name.replace("ckpt", ".."), data));
    seeds.put("valid-zip-parent", zip(folder, outside, ZipEntry.STORED)); // nothing is unpacked
    Map<String, byte[]> absolute = new LinkedHashMap<>();
    entries.forEach((name, data) -> absolute.put("/" + name, data));
    seeds.put("attack-zip-absolute", zip(folder, absolute, ZipEntry.STORED));
    seeds.put("attack-zip-cut", Arrays.copyOf(good, good.length / 2));
    seeds.put("attack-zip-end-only", Arrays.copyOfRange(good, good.length - 22, good.length));
    for (long claimed : new long[] {0, 39, 41, 1 << 30, 0x7FFFFFFF, 0xFFFFFFFEL, 0xFFFFFFFFL}) {
      byte[] bad = good.clone();
      int at = TinyNanoGpt.directoryEntry(good, "ckpt/data/0");
      int value = (int) claimed;
      little(bad).putInt(at + 20, value).putInt(at + 24, value);
      seeds.put("attack-zip-size-" + claimed, bad);
    }
    for (int offset : new int[] {0, -1, good.length}) {
      byte[] bad = good.clone();
      little(bad).putInt(TinyNanoGpt.directoryEntry(good, "ckpt/data/0") + 42, offset);
      seeds.put((offset == 0 ? "" : "attack-") + "zip-offset-" + offset, bad);
    }
    byte[] local = good.clone();
    local[little(good).getInt(TinyNanoGpt.directoryEntry(good, "ckpt/data/0") + 42)] = 'X';
    seeds.put("attack-zip-no-local-header", local);
    byte[] counts = good.clone();
    little(counts).putShort(good.length - 14, (short) -1).putShort(good.length - 12, (short) -1);
    seeds.put("zip-many-entries", counts);
    byte[] start = good.clone();
    little(start).putInt(good.length - 6, -1);
    seeds.put("zip-64-without", start);
    seeds.put("valid-zip-64", zip64(good, 40));
    for (long size : new long[] {0, 41, 1L << 32, 1L << 40, Long.MAX_VALUE, Long.MIN_VALUE, -1}) {
      seeds.put("attack-zip-64-" + Long.toUnsignedString(size), zip64(good, size));
    }
    seeds.put("attack-zip-overlaps", overlaps(folder, 50, 4096));
  }

  private static byte[] zip(Path folder, Map<String, byte[]> entries, int method)
      throws IOException {
    return Files.readAllBytes(TinyNanoGpt.zip(folder.resolve("seed.zip"), entries, method));
  }

  private static byte[] bomb(Path folder, byte[] pickle) throws IOException {
    return zip(folder, Map.of("ckpt/data.pkl", pickle), ZipEntry.DEFLATED);
  }

  private static ByteBuffer little(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** A zip whose first record has its size in the zip64 extra field. */
  private static byte[] zip64(byte[] zip, long size) {
    int at = TinyNanoGpt.directoryEntry(zip, "ckpt/data/0");
    int end = at + 46 + "ckpt/data/0".length();
    byte[] sizes = TinyGguf.little(8, size);
    byte[] out =
        TinyGguf.join(
            Arrays.copyOf(zip, end),
            new byte[] {1, 0, 16, 0},
            sizes,
            sizes,
            Arrays.copyOfRange(zip, end, zip.length));
    little(out).putInt(at + 20, -1).putInt(at + 24, -1).putShort(at + 30, (short) 20);
    int directorySize = out.length - 10;
    little(out).putInt(directorySize, little(out).getInt(directorySize) + 20);
    return out;
  }

  /** A model of many blocks whose zip entries all point to the same bytes of the file. */
  private static byte[] overlaps(Path folder, int layers, int bytes) throws IOException {
    TinyNanoGpt tiny = new TinyNanoGpt();
    tiny.args.put("n_layer", layers);
    List<String> keys = new ArrayList<>(tiny.tensors.keySet());
    for (int i = 0; i < layers; i++) {
      for (String key : keys) {
        if (key.contains(".h.0.")) {
          Torch t = tiny.get(key);
          String storage = "s" + i + key.hashCode();
          tiny.records.put(storage, new byte[0]);
          tiny.tensors.put(
              key.replace(".h.0.", ".h." + i + "."),
              new Torch(t.storageClass(), storage, bytes / 4, 0, t.shape(), t.stride()));
        }
      }
    }
    tiny.records.put("0", new byte[bytes]);
    Torch wte = tiny.get("transformer.wte.weight");
    Torch large = new Torch(wte.storageClass(), "0", bytes / 4, 0, wte.shape(), wte.stride());
    tiny.tensors.put("transformer.wte.weight", large);
    tiny.tensors.put("lm_head.weight", large);
    byte[] zip = Files.readAllBytes(tiny.write(folder));
    int first = little(zip).getInt(TinyNanoGpt.directoryEntry(zip, "ckpt/data/0") + 42);
    for (String key : tiny.records.keySet()) {
      if (key.startsWith("s")) {
        int at = TinyNanoGpt.directoryEntry(zip, "ckpt/data/" + key);
        little(zip).putInt(at + 20, bytes).putInt(at + 24, bytes).putInt(at + 42, first);
      }
    }
    return zip;
  }
}
