package gpt.backend.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.OnFull;
import gpt.StopReason;
import gpt.backend.cpu.CpuEngine;
import gpt.checkpoint.Checkpoint;
import gpt.engine.Engine;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.generate.FinishedCompletion;
import gpt.generate.Generator;
import gpt.generate.Request;
import gpt.generate.Requests;
import gpt.model.Gelu;
import gpt.model.GoldenNumbers;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.RandomWeights;
import gpt.tokenizer.Tokenizer;
import gpt.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * TornadoVM's devices against nanoGPT's numbers, and against the CPU engine's text of the demo. Not
 * on the emulator, where this takes minutes.
 */
@Tag("tornado")
class TornadoGoldenTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");
  private static final Path DEMO = Path.of("weights/shakespeare-char");
  private static final double LOGITS = 5e-4;

  static Stream<Arguments> models() throws Exception {
    List<Path> folders;
    try (Stream<Path> list = Files.list(GOLDEN)) {
      folders = list.filter(Files::isDirectory).sorted().toList();
    }
    assertEquals(8, folders.size());
    return folders.stream()
        .flatMap(f -> TornadoModelTest.devices().map(device -> Arguments.of(f, device)));
  }

  @ParameterizedTest
  @MethodSource("models")
  void smallModels(Path folder, TornadoDevices.Device device) throws Exception {
    try (Checkpoint checkpoint = Checkpoint.open(folder);
        TornadoEngine engine =
            TornadoModelTest.open(checkpoint.config(), checkpoint.weights(), device, 1)) {
      for (GoldenNumbers.Case golden : GoldenNumbers.read(folder.resolve("golden.json")).cases()) {
        golden.check(engine, LOGITS, golden.greedy().length);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("suited")
  void demo(TornadoDevices.Device device) throws Exception {
    try (Checkpoint checkpoint = Checkpoint.open(DEMO);
        TornadoEngine engine =
            TornadoModelTest.open(checkpoint.config(), checkpoint.weights(), device, 1)) {
      for (GoldenNumbers.Case golden : GoldenNumbers.read(GOLDEN.resolve("demo.json")).cases()) {
        // Past the context window each token recomputes the whole context: only a few of them.
        int end = Math.min(golden.greedy().length, engine.config().blockSize() + 5);
        golden.check(engine, LOGITS, end);
      }
    }
  }

  static Stream<TornadoDevices.Device> suited() {
    return TornadoDevices.find().all().stream();
  }

  /** A request for the demo. */
  private record Ask(int promptLength, int newTokens, OnFull onFull, int samples) {}

  @ParameterizedTest
  @MethodSource("suited")
  void theDemosTextEqualsTheCpus(TornadoDevices.Device device) throws Exception {
    try (Checkpoint checkpoint = Checkpoint.open(DEMO);
        Engine cpu = CpuEngine.open(checkpoint.config(), checkpoint.weights(), 2);
        TornadoEngine engine =
            TornadoModelTest.open(checkpoint.config(), checkpoint.weights(), device, 3)) {
      int[] text = validation(checkpoint);
      for (Ask ask :
          List.of(
              new Ask(1, 200, OnFull.SLIDE, 1),
              new Ask(6, 200, OnFull.SLIDE, 4),
              new Ask(33, 30, OnFull.SLIDE, 1),
              new Ask(250, 12, OnFull.SLIDE, 2),
              new Ask(250, 12, OnFull.STOP, 2),
              new Ask(256, 3, OnFull.SLIDE, 1),
              new Ask(256, 3, OnFull.STOP, 1),
              new Ask(300, 2, OnFull.SLIDE, 1))) {
        List<FinishedCompletion> expected = generate(checkpoint, cpu, text, ask);
        List<FinishedCompletion> found = generate(checkpoint, engine, text, ask);
        assertEquals(ask.samples, found.size());
        for (int i = 0; i < ask.samples; i++) {
          assertEquals(expected.get(i).text(), found.get(i).text(), ask + " sample " + i);
          assertEquals(expected.get(i).stopReason(), found.get(i).stopReason(), ask.toString());
        }
      }
      assertEquals(
          StopReason.STOP_STRING,
          generate(checkpoint, engine, text, new Ask(6, 200, OnFull.SLIDE, 1), "the")
              .get(0)
              .stopReason());
    }
  }

  private static int[] validation(Checkpoint checkpoint) throws IOException {
    List<String> characters = checkpoint.characters().orElseThrow();
    return Files.readString(GOLDEN.resolve("demo-validation.txt"))
        .codePoints()
        .map(c -> characters.indexOf(Character.toString(c)))
        .toArray();
  }

  private static List<FinishedCompletion> generate(
      Checkpoint checkpoint, Engine engine, int[] text, Ask ask, String... stops) {
    Optional<Tokenizer> tokenizer =
        Tokenizers.forModel(checkpoint.characters(), checkpoint.config().vocabSize());
    Request request =
        Requests.of(
            Arrays.copyOf(text, ask.promptLength),
            ask.newTokens,
            OptionalInt.empty(),
            List.of(stops),
            ask.onFull,
            TornadoModelTest.GREEDY,
            0,
            ask.samples);
    return new Generator(engine, tokenizer).generate(request, (sample, id, printed) -> true);
  }

  /**
   * PoCL's device memory is this process's memory, and the runtime keeps data of every execution.
   */
  @Test
  void memoryDoesNotGrowWithTheTokens() throws Exception {
    TornadoDevices.Device device = TornadoDevices.find().first();
    try (Checkpoint checkpoint = Checkpoint.open(DEMO);
        TornadoEngine engine =
            TornadoModelTest.open(checkpoint.config(), checkpoint.weights(), device, 1)) {
      decode(engine, 1000);
      long before = outsideTheHeap();
      decode(engine, 2000);
      long grown = outsideTheHeap() - before;
      System.out.println("2,000 tokens: " + grown / 1_000_000 + " MB more");
      // A new buffer for each pass over the model would be 15 MB a token.
      assertTrue(grown < 100_000_000, grown + " bytes more");
    }
  }

  /**
   * Eight models of 120 MB, on the host and on the device, would leak 960 MB or more. The garbage
   * collector may not have freed the last ones yet.
   */
  @Test
  void closingFreesTheDevicesMemory() throws Exception {
    TornadoDevices.Device device = TornadoDevices.find().first();
    openAndClose(device);
    openAndClose(device);
    long before = outsideTheHeap();
    for (int i = 0; i < 8; i++) {
      openAndClose(device);
    }
    long grown = outsideTheHeap() - before;
    System.out.println("eight more models of 120 MB: " + grown / 1_000_000 + " MB more");
    assertTrue(grown < 500_000_000, grown + " bytes more");
  }

  private static void openAndClose(TornadoDevices.Device device) {
    GptConfig config = RandomWeights.shape(2, 8, 1024, 64, 4000, true, Gelu.TANH);
    try (TornadoEngine engine =
        TornadoModelTest.open(
            config, RandomWeights.of(config, 1, 0.02f), device, 1, Precision.F32, null)) {
      decode(engine, 3);
    }
  }

  private static void decode(TornadoEngine engine, int tokens) {
    int block = engine.config().blockSize();
    try (Sequence sequence = engine.open()) {
      sequence.drawing(TornadoModelTest.drawing(TornadoModelTest.GREEDY), 0);
      Want.Token token = new Want.Token(false);
      for (int n = 0; n < tokens; n++) {
        token.at(n);
        if (n % (block - 1) == 0) {
          sequence.truncate(0);
          engine.step(List.of(new Work(sequence, new int[] {n % 60}, token)));
        } else {
          engine.step(List.of(Work.appendDrawn(sequence, token)));
        }
      }
    }
  }

  /** Resident bytes of this process outside the Java heap, after garbage collection. */
  private static long outsideTheHeap() throws Exception {
    for (int i = 0; i < 3; i++) {
      System.gc();
      Thread.sleep(100);
    }
    long resident =
        Files.readAllLines(Path.of("/proc/self/status")).stream()
            .filter(line -> line.startsWith("VmRSS:"))
            .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024)
            .sum();
    return resident - Runtime.getRuntime().totalMemory();
  }
}
