package gpt.checkpoint.torch;

import static gpt.checkpoint.Faults.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import net.razorvine.pickle.Opcodes;
import net.razorvine.pickle.Unpickler;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A pickle is a program: only calls that build tensors and plain values are allowed. */
class PickleAllowListTest {
  /** The constructors that the library called; stays empty. */
  private static final List<String> CALLED = new ArrayList<>();

  static {
    for (String name : List.of("system", "popen")) {
      Unpickler.registerConstructor("os", name, args -> CALLED.add(name));
    }
    Unpickler.registerConstructor("builtins", "eval", args -> CALLED.add("eval"));
  }

  @TempDir Path tmp;

  private void assertPickleRefused(byte[] pickle, String... parts) throws IOException {
    Path file = new TinyNanoGpt().write(tmp, pickle);
    assertRefused(file, parts);
    assertRefused(file, "ckpt.pt: refused");
    assertEquals(List.of(), CALLED, "called");
  }

  @ParameterizedTest
  @CsvSource({
    "os, system",
    "posix, system",
    "nt, system",
    "builtins, eval",
    "builtins, exec",
    "builtins, getattr",
    "builtins, set",
    "__builtin__, bytes",
    "subprocess, Popen",
    "torch, load",
    "torch.storage, _load_from_bytes",
    "numpy.core.multiarray, _reconstruct",
    "_codecs, decode",
    "numpy, load",
    "numpy.core.multiarray, fromfile",
    "datetime, datetime",
    "decimal, Decimal",
    "operator, attrgetter",
    "copy_reg, _reconstructor",
    "collections, OrderedDict.fromkeys",
    "exceptions, ValueError",
  })
  void namesThatAreNotAllowedAreRefused(String module, String name) throws IOException {
    String full = module + "." + name;
    assertPickleRefused(
        new PickleBuilder()
            .global(module, name)
            .value(new Object[] {"echo pwned"})
            .op(Opcodes.REDUCE)
            .stop(),
        full);
    assertPickleRefused(
        new PickleBuilder()
            .value(module)
            .value(name)
            .op(Opcodes.STACK_GLOBAL)
            .value(new Object[] {"echo pwned"})
            .op(Opcodes.REDUCE)
            .stop(),
        full);
    assertPickleRefused(
        new PickleBuilder()
            .op(Opcodes.MARK)
            .value("echo pwned")
            .op(Opcodes.INST)
            .lines(module, name)
            .stop(),
        full);
    assertPickleRefused(
        new PickleBuilder()
            .op(Opcodes.MARK)
            .global(module, name)
            .value("echo pwned")
            .op(Opcodes.OBJ)
            .stop(),
        full);
  }

  @Test
  void isRefusedEvenIfItsValueIsUnused() throws IOException {
    TinyNanoGpt tiny = new TinyNanoGpt();
    byte[] good = tiny.pickle();
    byte[] call =
        new PickleBuilder()
            .global("os", "system")
            .value(new Object[] {"true"})
            .op(Opcodes.REDUCE)
            .stop();
    byte[] both = new byte[call.length - 1 + good.length];
    System.arraycopy(call, 0, both, 0, call.length - 1);
    System.arraycopy(good, 0, both, call.length - 1, good.length);
    assertPickleRefused(both, "os.system");
  }

  @Test
  void attributesMayBeSetOnlyOnOrderedDicts() throws IOException {
    PickleBuilder onDict = new PickleBuilder().op(Opcodes.EMPTY_DICT, Opcodes.EMPTY_DICT);
    assertPickleRefused(onDict.op(Opcodes.BUILD).stop(), "attributes set on a dict");
    PickleBuilder onName = new PickleBuilder().global("torch", "Size").op(Opcodes.EMPTY_DICT);
    assertPickleRefused(onName.op(Opcodes.BUILD).stop(), "attributes set on torch.Size");
  }

  @Test
  void onlyAllowedFunctionsAreCalled() throws IOException {
    assertPickleRefused(
        new PickleBuilder()
            .global("torch", "FloatStorage")
            .op(Opcodes.EMPTY_TUPLE, Opcodes.REDUCE)
            .stop(),
        "a call of torch.FloatStorage");
    assertPickleRefused(
        new PickleBuilder().value("os.system").op(Opcodes.EMPTY_TUPLE, Opcodes.REDUCE).stop(),
        "a call of a str");
    assertPickleRefused(
        new PickleBuilder()
            .global("collections", "OrderedDict")
            .value(new Object[] {List.of()})
            .op(Opcodes.REDUCE)
            .stop(),
        "OrderedDict with arguments");
  }

  @ParameterizedTest
  @ValueSource(
      shorts = {
        Opcodes.NEWOBJ,
        Opcodes.NEWOBJ_EX,
        Opcodes.OBJ,
        Opcodes.EXT1,
        Opcodes.EXT2,
        Opcodes.EXT4,
        Opcodes.PERSID,
        Opcodes.NEXT_BUFFER,
        Opcodes.READONLY_BUFFER
      })
  void opcodesThatBuildObjectsAreRefused(short opcode) throws IOException {
    assertPickleRefused(
        new PickleBuilder()
            .global("torch", "Size")
            .op(Opcodes.EMPTY_TUPLE, Opcodes.EMPTY_DICT, opcode, 1, 0, 0, 0)
            .stop(),
        "opcode 0x" + Integer.toHexString(opcode));
  }

  @Test
  void namesAreSanitizedInErrorMessages() throws IOException {
    assertPickleRefused(
        new PickleBuilder()
            .value("os\n\u001b[2J\u202e")
            .value("system")
            .op(Opcodes.STACK_GLOBAL)
            .stop(),
        "os??[2J?.system");
  }

  @Test
  void storagesAreTheOnlyPersistentIds() throws IOException {
    assertPickleRefused(
        new PickleBuilder().value(new Object[] {"module", "os"}).op(Opcodes.BINPERSID).stop(),
        "not a storage");
  }
}
