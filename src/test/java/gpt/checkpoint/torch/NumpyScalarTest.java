package gpt.checkpoint.torch;

import static gpt.checkpoint.Faults.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;

import gpt.checkpoint.Checkpoint;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import net.razorvine.pickle.Opcodes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** numpy scalars in a pickle: {@code best_val_loss} is one if a script computed a mean. */
class NumpyScalarTest {
  @TempDir Path tmp;

  private static Object load(String module, String type, String order, String hex) {
    byte[] bytes = HexFormat.of().parseHex(hex);
    return CheckpointUnpickler.load(
        Path.of("x"), new PickleBuilder().numpyScalar(module, type, order, bytes).stop());
  }

  /** The bytes are those of numpy 2.4. */
  @ParameterizedTest
  @CsvSource({
    "f8, <, 000000000000f83f, 1.5",
    "f4, <, 00000040, 2.0",
    "f2, <, 003c, 1.0",
    "i8, <, 0300000000000000, 3",
    "i8, <, ffffffffffffff7f, 9223372036854775807",
    "i4, <, feffffff, -2",
    "i2, <, feff, -2",
    "i1, |, fe, -2",
    "u1, |, c8, 200",
    "u2, <, ffff, 65535",
    "u4, <, ffffffff, 4294967295",
    "u8, <, ffffffffffffffff, 18446744073709551615",
    "b1, |, 01, true",
  })
  void becomePlainValues(String type, String order, String hex, String expected) {
    for (String module : List.of("numpy.core.multiarray", "numpy._core.multiarray")) {
      assertEquals(expected, load(module, type, order, hex).toString());
    }
  }

  @Test
  void becomeTheTypesOfPlainValues() {
    String module = "numpy._core.multiarray";
    assertEquals(3, load(module, "i8", "<", "0300000000000000"));
    assertEquals(1L << 31, load(module, "u4", "<", "00000080"));
    assertEquals(BigInteger.TWO.pow(63), load(module, "u8", "<", "0000000000000080"));
  }

  @Test
  void protocol4() {
    PickleBuilder p = new PickleBuilder().value("numpy._core.multiarray").value("scalar");
    p.op(Opcodes.STACK_GLOBAL).numpyType("f4", "<");
    p.op(Opcodes.SHORT_BINBYTES, 4, 0, 0, 0, 0x40, Opcodes.TUPLE2, Opcodes.REDUCE);
    assertEquals(2.0, CheckpointUnpickler.load(Path.of("x"), p.stop()));
  }

  private void refused(PickleBuilder pickle, String... parts) throws IOException {
    Path file = new TinyNanoGpt().write(tmp, pickle.stop());
    assertRefused(file, parts);
    assertRefused(file, "ckpt.pt: refused");
  }

  private static PickleBuilder call(String module, String name, Object... args) {
    return new PickleBuilder().global(module, name).value(args).op(Opcodes.REDUCE);
  }

  @Test
  void otherNumpyNamesAndArgumentsAreRefused() throws IOException {
    for (Object type : new Object[] {"O", "O8", "V8", "U2", "S4", "f16", "c8", "M8", "F8", 8}) {
      refused(
          call("numpy", "dtype", type, false, true), "numpy.dtype that is no plain number type");
    }
    refused(new PickleBuilder().numpyType("f8", ">"), "byte order other than little-endian");
    for (Object[] args :
        new Object[][] {
          {"echo pwned", "latin1"}, {"123456789", "latin1"}, {"\u0100", "latin1"}, {"1", "utf-8"},
          {"1", "rot13"}, {"1"}, {"1", "latin1", "ignore"}, {1, "latin1"}
        }) {
      refused(call("_codecs", "encode", args), "_codecs.encode of something other than the bytes");
    }
    String module = "numpy._core.multiarray";
    refused(
        call(module, "scalar", "f8", "12345678"),
        module + ".scalar of something other than the bytes");
    byte[] seven = new byte[7];
    refused(
        new PickleBuilder().numpyScalar(module, "f8", "<", seven),
        module + ".scalar of something other");
    refused(call(module, "_reconstruct", 1), module + "._reconstruct");
    refused(call("numpy", "ndarray", 1), "numpy.ndarray");
    refused(call("numpy._core.multiarray", "fromfile", 1), module + ".fromfile");
  }

  /** model_args may contain numpy scalars too: vocab_size may come from an array's maximum. */
  @Test
  void aCheckpointWithNumpyScalars() throws IOException {
    byte[] five = HexFormat.of().parseHex("0500000000000000");
    String module = "numpy._core.multiarray";
    TinyNanoGpt tiny = new TinyNanoGpt();
    tiny.args.remove("vocab_size");
    PickleBuilder p = new PickleBuilder().op(Opcodes.EMPTY_DICT, Opcodes.MARK);
    p.value("model").value(tiny.tensors).value("best_val_loss");
    p.numpyScalar(module, "f8", "<", HexFormat.of().parseHex("000000000000f83f"));
    p.value("model_args").value(tiny.args).value("vocab_size");
    p.numpyScalar(module, "i8", "<", five).op(Opcodes.SETITEM, Opcodes.SETITEMS);
    try (Checkpoint c = Checkpoint.open(tiny.write(tmp, p.stop()))) {
      assertEquals(5, c.config().vocabSize());
    }
  }
}
