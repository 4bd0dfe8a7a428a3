package gpt.checkpoint.torch;

import static gpt.checkpoint.Faults.assertRefused;
import static java.util.zip.ZipEntry.DEFLATED;
import static java.util.zip.ZipEntry.STORED;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.checkpoint.Checkpoint;
import gpt.checkpoint.torch.PickleBuilder.Torch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.razorvine.pickle.Opcodes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Valid variations of a ckpt.pt, and the error message for each invalid one. */
class NanoGptErrorsTest {
  private static final String C_FC = "transformer.h.0.mlp.c_fc.weight";

  @TempDir Path tmp;
  private final TinyNanoGpt tiny = new TinyNanoGpt();

  private void assertTinyRefused(String... parts) throws IOException {
    assertRefused(tiny.write(tmp), parts);
    assertRefused(tmp, "ckpt.pt");
  }

  private void change(String key, String storageClass, long length, long offset) {
    Torch t = tiny.get(key);
    tiny.tensors.put(key, new Torch(storageClass, t.key(), length, offset, t.shape(), t.stride()));
  }

  @Test
  void theTinyModelLoads() throws IOException {
    try (Checkpoint c = Checkpoint.open(tiny.write(tmp))) {
      assertTrue(c.weights().tied());
      assertEquals(3.5f, c.weights().wte().get(1, 1));
      assertEquals(103.5f, c.weights().wpe().get(1, 1));
      assertArrayEquals(new float[] {800.5f, 801.5f}, c.weights().h(0).ln2().weight().toArray());
    }
  }

  @Test
  void biasIsInferredIfModelArgsLackIt() throws IOException {
    tiny.args.remove("bias");
    try (Checkpoint c = Checkpoint.open(tiny.write(tmp))) {
      assertTrue(c.config().bias());
    }
    tiny.tensors.keySet().removeIf(k -> k.endsWith(".bias"));
    try (Checkpoint c = Checkpoint.open(tiny.write(tmp))) {
      assertFalse(c.config().bias());
      assertNull(c.weights().lnF().bias());
    }
  }

  @Test
  void wrappersPrefixesAreDropped() throws IOException {
    Map<String, Object> wrapped = new LinkedHashMap<>();
    tiny.tensors.forEach((k, v) -> wrapped.put("module._orig_mod." + k, v));
    tiny.tensors.clear();
    tiny.tensors.putAll(wrapped);
    try (Checkpoint c = Checkpoint.open(tiny.write(tmp))) {
      assertEquals("transformer.wte.weight", c.weights().wte().name());
    }
    tiny.add("transformer.wte.weight", 5, 2);
    assertTinyRefused("duplicate tensor transformer.wte.weight");
  }

  @Test
  void lmHeadWithTheSameBytesIsTied() throws IOException {
    tiny.tensors.remove("lm_head.weight");
    assertTied(true);
    tiny.add("lm_head.weight", 5, 2);
    assertTied(false);
    tiny.records.put(tiny.get("lm_head.weight").key(), tiny.records.get("0"));
    assertTied(true);
  }

  private void assertTied(boolean tied) throws IOException {
    try (Checkpoint c = Checkpoint.open(tiny.write(tmp))) {
      assertEquals(tied, c.weights().tied());
    }
  }

  /** If tensors could share bytes, a file of a megabyte could be a model of a terabyte. */
  @Test
  void tensorsMustNotShareBytes() throws IOException {
    Torch cFc = tiny.get(C_FC);
    tiny.tensors.put("transformer.h.0.mlp.c_proj.weight", cFc);
    assertTinyRefused("h.0.mlp.c_proj.weight", "expected shape (2, 8)");
    Torch wpe = tiny.get("transformer.wpe.weight");
    tiny.tensors.put(
        "transformer.wte.weight",
        new Torch(
            wpe.storageClass(), wpe.key(), wpe.storageLength(), 0, List.of(3, 2), List.of(2, 1)));
    tiny.tensors.put("lm_head.weight", tiny.get("transformer.wte.weight"));
    tiny.args.put("vocab_size", 3);
    assertTinyRefused("transformer.wpe.weight", "shares its bytes with another");
  }

  @Test
  void masksAndUnknownTensorsAreNotRead() throws IOException {
    tiny.tensors.put(
        "transformer.h.0.attn.bias",
        new Torch("torch.BoolStorage", "no", 9, 0, List.of(1, 1, 3, 3), List.of(9, 9, 3, 1)));
    tiny.tensors.put("steps", new Torch("torch.LongStorage", "no", 1, 0, List.of(), List.of()));
    Checkpoint.open(tiny.write(tmp)).close();
  }

  @Test
  void aTransposedMatrixIsAView() throws IOException {
    Torch t = tiny.get(C_FC);
    tiny.tensors.put(
        C_FC, new Torch(t.storageClass(), t.key(), t.storageLength(), 0, t.shape(), List.of(1, 8)));
    try (Checkpoint c = Checkpoint.open(tiny.write(tmp))) {
      var w = c.weights().h(0).mlp().cFc().weight();
      assertEquals(8, w.rows());
      assertEquals(w.get(0, 0) + 8, w.get(0, 1));
      assertEquals(w.get(0, 0) + 1, w.get(1, 0));
    }
    tiny.tensors.put(
        C_FC, new Torch(t.storageClass(), t.key(), t.storageLength(), 0, t.shape(), List.of(0, 1)));
    assertTinyRefused(C_FC, "not contiguous");
  }

  @Test
  void missingTensor() throws IOException {
    tiny.tensors.remove(C_FC);
    assertTinyRefused("ckpt.pt", C_FC, "missing", "(8, 2)");
  }

  @Test
  void wrongShape() throws IOException {
    tiny.add(C_FC, 2, 8);
    assertTinyRefused("ckpt.pt", C_FC, "expected shape (8, 2)", "found (2, 8)");
    tiny.add(C_FC, 16);
    assertTinyRefused(C_FC, "expected shape (8, 2)", "found (16)");
  }

  /** Many tensors may share one shape; with millions of dimensions, copies would exhaust memory. */
  @Test
  void tooManyDimensions() throws IOException {
    List<Integer> many = Collections.nCopies(65, 1);
    tiny.tensors.put("x", new Torch("torch.FloatStorage", "0", 10, 0, many, many));
    assertTinyRefused("expected at most 64 dimensions, found 65");
    many = many.subList(1, 65);
    tiny.tensors.put("x", new Torch("torch.FloatStorage", "0", 10, 0, many, many));
    Checkpoint.open(tiny.write(tmp)).close();
  }

  @Test
  void unknownDtype() throws IOException {
    change(C_FC, "torch.DoubleStorage", 8, 0);
    assertTinyRefused(C_FC, "expected float32, float16 or bfloat16", "found float64");
    change(C_FC, "torch.LongStorage", 8, 0);
    assertTinyRefused(C_FC, "found int64");
    change(C_FC, "torch.QUInt8Storage", 64, 0);
    assertTinyRefused("torch.QUInt8Storage");
  }

  @Test
  void storageThatDoesNotFitItsRecord() throws IOException {
    change(C_FC, "torch.FloatStorage", 17, 0);
    assertTinyRefused(C_FC, "expected 68 bytes", "found 64");
    change(C_FC, "torch.FloatStorage", 1L << 62, 0);
    assertTinyRefused("expected a storage of at most 2^40 elements, found 4611686018427387904");
    change(C_FC, "torch.FloatStorage", 16, 1);
    assertTinyRefused(C_FC, "16 elements from 1 on", "storage of 16");
    change(C_FC, "torch.FloatStorage", 16, Long.MAX_VALUE);
    assertTinyRefused(C_FC, "from 9223372036854775807 on");
    change(C_FC, "torch.FloatStorage", 16, -1);
    assertTinyRefused("expected a size, found the int -1");
    change(C_FC, "torch.FloatStorage", 16, 0);
    tiny.records.remove(tiny.get(C_FC).key());
    assertTinyRefused(C_FC, "ckpt/data/10", "missing");
  }

  @Test
  void invalidModelArgs() throws IOException {
    tiny.args.put("n_head", 3);
    assertTinyRefused("model_args", "n_embd is 2, n_head is 3");
    tiny.args.put("n_head", "3");
    assertTinyRefused("n_head: expected an int, found a str");
    tiny.args.remove("n_head");
    assertTinyRefused("n_head: expected an int, found nothing");
    tiny.args.put("n_head", 1);
    tiny.args.put("n_embd", 1 << 30);
    assertTinyRefused("model_args: n_embd: expected at most 536870911, found 1073741824");
    tiny.args.put("n_embd", 2);
    tiny.args.put("n_layer", Integer.MAX_VALUE);
    assertTinyRefused("transformer.h.1.ln_1.weight is missing");
  }

  @Test
  void notANanoGptCheckpoint() throws IOException {
    Path file = tiny.write(tmp, new PickleBuilder().value(Map.of("state_dict", Map.of())).stop());
    assertRefused(file, "not a nanoGPT checkpoint", "model_args");
    assertRefused(TinyNanoGpt.zip(file, Map.of("a/b", new byte[1]), STORED), "data.pkl");
    Files.writeString(file, "not a zip");
    assertRefused(file, "not a zip");
    Files.write(file, new byte[0]);
    assertRefused(file, "not a zip");
  }

  @Test
  void truncatedFile() throws IOException {
    byte[] all = Files.readAllBytes(tiny.write(tmp));
    Files.write(tmp.resolve("ckpt.pt"), Arrays.copyOf(all, all.length * 2 / 3));
    assertRefused(tmp.resolve("ckpt.pt"), "ckpt.pt", "cut off");
  }

  /** A size in the zip's directory that exceeds the file must not be allocated. */
  @Test
  void recordThatClaimsMoreThanTheFileHas() throws IOException {
    int claimed = 1 << 30; // bytes
    int rows = claimed / 4 / TinyNanoGpt.C;
    Torch huge =
        new Torch(
            "torch.FloatStorage",
            "0",
            claimed / 4,
            0,
            List.of(rows, TinyNanoGpt.C),
            List.of(TinyNanoGpt.C, 1));
    tiny.args.put("vocab_size", rows);
    tiny.tensors.put("transformer.wte.weight", huge);
    tiny.tensors.put("lm_head.weight", huge);
    Path file = tiny.write(tmp);
    byte[] zip = Files.readAllBytes(file);
    int entry = TinyNanoGpt.directoryEntry(zip, "ckpt/data/0");
    ByteBuffer.wrap(zip)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(entry + 20, claimed)
        .putInt(entry + 24, claimed);
    Files.write(file, zip);
    assertRefused(file, "transformer.wte.weight", "cut off", "expected 1073741824 bytes, found");
  }

  /** Zip entries may point to the same bytes, so that their sizes add up to more than the file. */
  @Test
  void recordsThatOverlap() throws IOException {
    tiny.records.put("0", new byte[4096]);
    change("transformer.wte.weight", "torch.FloatStorage", 1024, 0);
    tiny.tensors.remove("lm_head.weight");
    for (int i = 1; i < tiny.records.size(); i++) {
      tiny.records.put("" + i, new byte[0]);
    }
    tiny.tensors.replaceAll(
        (name, value) -> {
          Torch t = (Torch) value;
          return new Torch(t.storageClass(), t.key(), 1024, 0, t.shape(), t.stride());
        });
    Path file = tiny.write(tmp);
    byte[] zip = Files.readAllBytes(file);
    ByteBuffer little = ByteBuffer.wrap(zip).order(ByteOrder.LITTLE_ENDIAN);
    int first = little.getInt(TinyNanoGpt.directoryEntry(zip, "ckpt/data/0") + 42);
    for (int i = 0; i < tiny.records.size(); i++) {
      int entry = TinyNanoGpt.directoryEntry(zip, "ckpt/data/" + i);
      little.putInt(entry + 20, 4096).putInt(entry + 24, 4096).putInt(entry + 42, first);
    }
    Files.write(file, zip);
    assertRefused(file, "transformer.", "overlaps another", "expected 4096 bytes");
  }

  @Test
  void recordOutsideTheFile() throws IOException {
    Path file = tiny.write(tmp);
    byte[] zip = Files.readAllBytes(file);
    int entry = TinyNanoGpt.directoryEntry(zip, "ckpt/data/0");
    ByteBuffer.wrap(zip).order(ByteOrder.LITTLE_ENDIAN).putInt(entry + 42, zip.length);
    Files.write(file, zip);
    assertRefused(
        file, "transformer.wte.weight", "ckpt/data/0 is not at the offset in the zip's directory");
  }

  @Test
  void bigEndianAndCompressedRecords() throws IOException {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    entries.put("ckpt/data.pkl", tiny.pickle());
    tiny.records.forEach((key, data) -> entries.put("ckpt/data/" + key, data));
    Path file = tmp.resolve("ckpt.pt");
    entries.put("ckpt/byteorder", "little".getBytes(StandardCharsets.US_ASCII));
    Checkpoint.open(TinyNanoGpt.zip(file, entries, STORED)).close();
    assertRefused(TinyNanoGpt.zip(file, entries, DEFLATED), "byteorder is compressed");
    entries.remove("ckpt/byteorder");
    assertRefused(TinyNanoGpt.zip(file, entries, DEFLATED), "data.pkl is compressed");
    assertRefused(
        TinyNanoGpt.zip(file, entries, name -> name.endsWith("/0") ? DEFLATED : STORED),
        "wte.weight",
        "is compressed");
    entries.put("ckpt/byteorder", "big".getBytes(StandardCharsets.US_ASCII));
    assertRefused(TinyNanoGpt.zip(file, entries, STORED), "expected little, found big");
  }

  @Test
  void picklesThatExhaustMemoryOrTime() throws IOException {
    PickleBuilder deep = new PickleBuilder().op(Opcodes.NONE);
    for (int i = 0; i < 1_000_000; i++) {
      deep.op(Opcodes.TUPLE1);
    }
    assertRefused(tiny.write(tmp, deep.stop()), "not a nanoGPT checkpoint");

    // A list of a list of a list …, each twice: hashing the outermost would take 2^60 steps.
    PickleBuilder nest = new PickleBuilder().op(Opcodes.EMPTY_TUPLE);
    for (int i = 0; i < 60; i++) {
      nest.op(Opcodes.BINPUT, 0, Opcodes.EMPTY_LIST, Opcodes.MARK);
      nest.op(Opcodes.BINGET, 0, Opcodes.BINGET, 0, Opcodes.APPENDS);
    }
    nest.op(Opcodes.BINPUT, 0, Opcodes.EMPTY_DICT, Opcodes.BINGET, 0, Opcodes.NONE);
    assertRefused(
        tiny.write(tmp, nest.op(Opcodes.SETITEM).stop()),
        "expected a plain value as a key, found a list");

    // The same nested lists as a name: writing them into the message would take as long.
    PickleBuilder name = new PickleBuilder().op(Opcodes.EMPTY_TUPLE);
    for (int i = 0; i < 60; i++) {
      name.op(Opcodes.BINPUT, 0, Opcodes.EMPTY_LIST, Opcodes.MARK);
      name.op(Opcodes.BINGET, 0, Opcodes.BINGET, 0, Opcodes.APPENDS);
    }
    name.value("torch").op(Opcodes.STACK_GLOBAL);
    assertRefused(tiny.write(tmp, name.stop()), "expected a name of two strings, found a list");

    // An integer of many digits as a key: each use would hash all of them.
    PickleBuilder key = new PickleBuilder().op(Opcodes.EMPTY_DICT);
    key.op(Opcodes.LONG1, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1).op(Opcodes.NONE, Opcodes.SETITEM);
    assertRefused(tiny.write(tmp, key.stop()), "damaged", "as a key");

    for (short opcode : new short[] {Opcodes.BINBYTES, Opcodes.BINUNICODE, Opcodes.LONG4}) {
      byte[] huge = new PickleBuilder().op(opcode, 0xff, 0xff, 0xff, 0x7f).stop();
      assertRefused(tiny.write(tmp, huge), "damaged", "2147483647 bytes");
      byte[] negative = new PickleBuilder().op(opcode, 0xff, 0xff, 0xff, 0xff).stop();
      assertRefused(tiny.write(tmp, negative), "damaged", "-1 bytes");
    }
    assertRefused(
        tiny.write(tmp, new byte[(16 << 20) + 1]),
        "data.pkl: expected at most 16777216 bytes, found more");
  }

  @Test
  void missingAndUnknownFiles() throws IOException {
    assertRefused(tmp.resolve("absent"), "absent", "no such file or folder", ".safetensors");
    assertRefused(tmp, tmp.toString(), "no checkpoint in this folder");
    assertRefused(Files.writeString(tmp.resolve("model.bin"), "x"), "not a checkpoint");
  }

  @Test
  void pyTorchWeightsAreRefused() throws IOException {
    for (String name : List.of("pytorch_model.bin.index.json", "pytorch_model.bin")) {
      Path file = Files.writeString(tmp.resolve(name), "x");
      String[] parts = {name + ": expected safetensors, found a PyTorch pickle", "save_pretrained"};
      assertRefused(tmp, parts);
      assertRefused(file, parts);
    }
  }

  @Test
  void savedByPyTorchBefore16() throws IOException {
    byte[] first = HexFormat.of().parseHex("80028a0a6cfc9c46f9206aa850192e80024de9032e");
    Path file = Files.write(tmp.resolve("ckpt.pt"), first);
    assertRefused(file, "PyTorch's format from before 1.6", "torch.load", "torch.save");
  }

  /** These pipes have no writer: opening one would block forever. */
  @Test
  @Timeout(60)
  void foldersAndPipes() throws IOException, InterruptedException {
    for (String name : List.of("model.safetensors", "ckpt.pt")) {
      Path model = Files.createDirectories(tmp.resolve("folders " + name));
      Files.createDirectory(model.resolve(name));
      Files.writeString(
          model.resolve("config.json"),
          "{\"n_layer\":1,\"n_head\":1,\"n_embd\":2,\"n_ctx\":3,\"vocab_size\":5}");
      assertRefused(model, name + ": is a folder; expected a file");
      Files.delete(model.resolve(name));
      pipe(model.resolve(name));
      assertRefused(model, name + ": is a pipe or a device; expected a regular file");
    }
    for (String name : List.of("a.pt", "a.safetensors", "a.gguf", "a")) {
      assertRefused(pipe(tmp.resolve(name)), name + ": is a pipe or a device");
    }
  }

  private static Path pipe(Path path) throws IOException, InterruptedException {
    assertEquals(0, new ProcessBuilder("mkfifo", path.toString()).start().waitFor());
    return path;
  }
}
