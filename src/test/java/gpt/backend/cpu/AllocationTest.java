package gpt.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import gpt.backend.cpu.kernels.CpuKernels;
import gpt.backend.cpu.kernels.CpuKernelsTest;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.RandomWeights;
import gpt.sampling.Drawing;
import gpt.sampling.History;
import gpt.sampling.HostSampler;
import gpt.sampling.SamplingParameters;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Decoding a token allocates nothing, neither in the forward pass nor in the sampler, so no garbage
 * collection interrupts it. The test reads the JVM's count of bytes allocated by this thread. It
 * repeats until the JIT has compiled everything: until then each vector is a heap object.
 */
class AllocationTest {
  private static final int TOKENS = 100;

  /** A busy machine takes its time to compile a kernel. */
  private static final long MAX_NANOS = 30_000_000_000L;

  private static final GptConfig CONFIG =
      RandomWeights.shape(2, 2, 64, TOKENS + 10, 97, true, Gelu.EXACT);

  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  static Stream<Arguments> kernels() {
    return CpuKernelsTest.kernels()
        .flatMap(k -> Stream.of(Precision.values()).map(p -> Arguments.of(k, p)));
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void decodingAllocatesNothing(CpuKernels kernels, Precision precision) {
    try (CpuEngine engine =
            new CpuEngine(
                CONFIG, RandomWeights.of(CONFIG, 1, 0.1f), precision, 1, kernels, fraction -> {});
        Sequence sequence = engine.open()) {
      sequence.drawing(new Drawing(SamplingParameters.greedy(), new int[] {0}), 0);
      Want.Token token = new Want.Token(false);
      List<Work> first = List.of(new Work(sequence, new int[] {0}, token));
      List<Work> next = List.of(Work.appendDrawn(sequence, token));
      assertEquals(
          0,
          minBytesOfRounds(
              () -> {
                sequence.truncate(0);
                engine.step(first);
                for (int i = 1; i < TOKENS; i++) {
                  token.at(i);
                  engine.step(next);
                }
              }),
          "bytes in " + TOKENS + " tokens");
    }
  }

  @Test
  void drawingAllocatesNothing() {
    SamplingParameters everything =
        SamplingParameters.builder()
            .temperature(0.8)
            .topK(40)
            .topP(0.9)
            .minP(0.01)
            .typicalP(0.9)
            .repetitionPenalty(1.1)
            .frequencyPenalty(0.1)
            .presencePenalty(0.1)
            .logitBias(7, 1)
            .build();
    int vocabulary = 500;
    HostSampler sampler = new HostSampler(everything, vocabulary);
    History history = new History(vocabulary);
    history.start(new int[] {1, 2, 3});
    float[] logits = new float[vocabulary];
    Random random = new Random(5);
    for (int i = 0; i < logits.length; i++) {
      logits[i] = 3 * (float) random.nextGaussian();
    }
    float[] copy = new float[vocabulary];
    assertEquals(
        0,
        minBytesOfRounds(
            () -> {
              for (int i = 0; i < TOKENS; i++) {
                System.arraycopy(logits, 0, copy, 0, vocabulary);
                history.add(sampler.sample(copy, history, 0, i));
              }
            }),
        "bytes in " + TOKENS + " draws");
  }

  /** Fewest bytes that a round allocated; stops at the first round that allocated nothing. */
  private long minBytesOfRounds(Runnable round) {
    assertTrue(threads.isThreadAllocatedMemoryEnabled());
    long min = Long.MAX_VALUE;
    long start = System.nanoTime();
    while (min > 0 && System.nanoTime() - start < MAX_NANOS) {
      long before = threads.getCurrentThreadAllocatedBytes();
      round.run();
      min = Math.min(min, threads.getCurrentThreadAllocatedBytes() - before);
    }
    return min;
  }
}
