package gpt.peers;

import java.io.IOException;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * A model in llama.cpp on the CPU, stepped through its C API as llama-batched-bench steps it: no
 * other language's calls or samplers are in the times.
 */
@SuppressWarnings("restricted")
final class LlamaCpp implements AutoCloseable {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final AddressLayout POINTER = ValueLayout.ADDRESS;

  /** Stands for structs of parameters, whose sizes differ from version to version. */
  private static final StructLayout PARAMETERS =
      MemoryLayout.structLayout(MemoryLayout.sequenceLayout(64, ValueLayout.JAVA_LONG));

  /** The values that parameters of a context begin with: n_ctx, n_batch, n_ubatch, n_seq_max. */
  private static final int[] DEFAULTS = {512, 2048, 512, 1};

  private static final StructLayout BATCH =
      MemoryLayout.structLayout(
          INT, MemoryLayout.paddingLayout(4), POINTER, POINTER, POINTER, POINTER, POINTER, POINTER);

  private final Arena arena = Arena.ofConfined();
  private final SymbolLookup library;
  private final MemorySegment model;
  private final MethodHandle decode;
  private final MethodHandle logits;
  private final int vocabSize;

  /** Loads a GGUF file with the libraries of a folder. */
  LlamaCpp(Path libraries, Path file) throws Throwable {
    library = SymbolLookup.libraryLookup(library(libraries, "llama"), arena);
    SymbolLookup ggml = SymbolLookup.libraryLookup(library(libraries, "ggml"), arena);
    call(library, "llama_log_set", null, POINTER, POINTER)
        .invokeExact(silence(), MemorySegment.NULL);
    call(ggml, "ggml_backend_load_all_from_path", null, POINTER)
        .invokeExact(arena.allocateFrom(libraries.toString()));
    MemorySegment parameters = parameters("llama_model_default_params");
    model =
        (MemorySegment)
            call(library, "llama_model_load_from_file", POINTER, POINTER, PARAMETERS)
                .invokeExact(arena.allocateFrom(file.toString()), parameters);
    if (model.address() == 0) {
      throw new IOException(file + ": llama.cpp cannot load it");
    }
    MemorySegment vocab =
        (MemorySegment) call(library, "llama_model_get_vocab", POINTER, POINTER).invokeExact(model);
    vocabSize = (int) call(library, "llama_vocab_n_tokens", INT, POINTER).invokeExact(vocab);
    decode = call(library, "llama_decode", INT, POINTER, BATCH);
    logits = call(library, "llama_get_logits_ith", POINTER, POINTER, INT);
  }

  /** The library libNAME.so, libNAME.VERSION.so, or as macOS and Windows name it. */
  private static Path library(Path folder, String name) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(
              f ->
                  f.getFileName()
                      .toString()
                      .matches("(lib)?" + name + "(\\.v?[0-9.]+)?\\.(so|dylib|dll)"))
          .findFirst()
          .orElseThrow(() -> new IOException(folder + ": expected llama.cpp's library " + name));
    }
  }

  /** A logger that drops its messages. */
  private MemorySegment silence() throws ReflectiveOperationException {
    MethodHandle drop =
        MethodHandles.lookup()
            .findStatic(
                LlamaCpp.class,
                "drop",
                MethodType.methodType(
                    void.class, int.class, MemorySegment.class, MemorySegment.class));
    return Linker.nativeLinker()
        .upcallStub(drop, FunctionDescriptor.ofVoid(INT, POINTER, POINTER), arena);
  }

  private static void drop(int level, MemorySegment text, MemorySegment user) {}

  private static MethodHandle call(
      SymbolLookup library, String name, MemoryLayout result, MemoryLayout... arguments) {
    FunctionDescriptor descriptor =
        result == null
            ? FunctionDescriptor.ofVoid(arguments)
            : FunctionDescriptor.of(result, arguments);
    return Linker.nativeLinker().downcallHandle(library.findOrThrow(name), descriptor);
  }

  private MemorySegment parameters(String function) throws Throwable {
    FunctionDescriptor descriptor = FunctionDescriptor.of(PARAMETERS);
    return (MemorySegment)
        Linker.nativeLinker()
            .downcallHandle(library.findOrThrow(function), descriptor)
            .invoke(arena);
  }

  /**
   * Tokens per second of a prompt of {@code tokens} tokens, or of {@code sequences} sequences that
   * decode {@code tokens} greedy tokens each, together; the second of two runs.
   */
  double tokensPerSecond(boolean prompt, int tokens, int sequences, int threads) throws Throwable {
    MemorySegment parameters = parameters("llama_context_default_params");
    for (int i = 0; i < DEFAULTS.length; i++) {
      if (parameters.getAtIndex(INT, i) != DEFAULTS[i]) {
        throw new IOException("expected a version of llama.cpp with other parameters of a context");
      }
    }
    int[] values = {(tokens + 8) * sequences, Math.max(512, tokens), 512, sequences};
    MemorySegment.copy(values, 0, parameters, INT, 0, values.length);
    MemorySegment context =
        (MemorySegment)
            call(library, "llama_init_from_model", POINTER, POINTER, PARAMETERS)
                .invokeExact(model, parameters);
    if (context.address() == 0) {
      throw new IOException("llama.cpp cannot create a context of " + values[0] + " tokens");
    }
    try (Arena run = Arena.ofConfined()) {
      call(library, "llama_set_n_threads", null, POINTER, INT, INT)
          .invokeExact(context, threads, threads);
      MemorySegment memory =
          (MemorySegment) call(library, "llama_get_memory", POINTER, POINTER).invokeExact(context);
      Rows rows = new Rows(run, prompt ? tokens : sequences, prompt);
      long nanos = 0;
      for (int round = 0; round < 2; round++) { // the first one warms up
        call(library, "llama_memory_clear", null, POINTER, ValueLayout.JAVA_BOOLEAN)
            .invokeExact(memory, true);
        rows.start(vocabSize);
        long began = System.nanoTime();
        for (int step = 0; step < (prompt ? 1 : tokens); step++) {
          step(context, rows, step, prompt ? 1 : sequences);
        }
        nanos = System.nanoTime() - began;
      }
      return 1e9 * tokens * (prompt ? 1 : sequences) / nanos;
    } finally {
      call(library, "llama_free", null, POINTER).invokeExact(context);
    }
  }

  /** A step, and the likeliest token of each sequence. */
  private void step(MemorySegment context, Rows rows, int step, int sequences) throws Throwable {
    int status = (int) decode.invokeExact(context, rows.batch);
    if (status != 0) {
      throw new IOException("llama_decode returned " + status);
    }
    for (int i = 0; i < sequences; i++) {
      int row = sequences == 1 ? rows.count - 1 : i;
      MemorySegment values =
          ((MemorySegment) logits.invokeExact(context, row))
              .reinterpret((long) Float.BYTES * vocabSize);
      int best = 0;
      for (int j = 1; j < vocabSize; j++) {
        if (values.getAtIndex(ValueLayout.JAVA_FLOAT, j)
            > values.getAtIndex(ValueLayout.JAVA_FLOAT, best)) {
          best = j;
        }
      }
      rows.tokens.setAtIndex(INT, row, best);
    }
    rows.position(step + 1);
  }

  /** A llama_batch: the tokens of a prompt, or one token of each sequence. */
  private static final class Rows {
    private final int count;
    private final boolean prompt;
    private final MemorySegment batch;
    private final MemorySegment tokens;
    private final MemorySegment positions;

    private Rows(Arena arena, int count, boolean prompt) {
      this.count = count;
      this.prompt = prompt;
      tokens = arena.allocate(INT, count);
      positions = arena.allocate(INT, count);
      MemorySegment sequences = arena.allocate(INT, count);
      MemorySegment counts = arena.allocate(INT, count);
      MemorySegment ids = arena.allocate(POINTER, count);
      MemorySegment wanted = arena.allocate(count);
      for (int i = 0; i < count; i++) {
        sequences.setAtIndex(INT, i, prompt ? 0 : i);
        counts.setAtIndex(INT, i, 1);
        ids.setAtIndex(POINTER, i, sequences.asSlice((long) Integer.BYTES * i));
        wanted.set(ValueLayout.JAVA_BYTE, i, (byte) (!prompt || i == count - 1 ? 1 : 0));
      }
      batch = arena.allocate(BATCH);
      batch.set(INT, 0, count);
      List<MemorySegment> fields =
          Arrays.asList(tokens, MemorySegment.NULL, positions, counts, ids, wanted);
      for (int i = 0; i < fields.size(); i++) {
        batch.setAtIndex(POINTER, 1 + i, fields.get(i));
      }
    }

    private void start(int vocabSize) {
      for (int i = 0; i < count; i++) {
        tokens.setAtIndex(INT, i, (int) ((i * 7919L + 11) % vocabSize));
        positions.setAtIndex(INT, i, prompt ? i : 0);
      }
    }

    private void position(int position) {
      for (int i = 0; i < count && !prompt; i++) {
        positions.setAtIndex(INT, i, position);
      }
    }
  }

  @Override
  public void close() {
    try {
      call(library, "llama_model_free", null, POINTER).invokeExact(model);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
    arena.close();
  }
}
