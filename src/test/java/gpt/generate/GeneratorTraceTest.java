package gpt.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import gpt.OnFull;
import gpt.sampling.ChainTrace;
import gpt.sampling.SamplingParameters;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** Traced requests give the same ids, and a trace before each token. */
class GeneratorTraceTest {
  private static final int VOCAB = 30;

  @Test
  void eachTokenIsTracedBeforeItIsDelivered() {
    SamplingParameters sampling = SamplingParameters.builder().temperature(1.2).topK(7).build();
    Request request =
        Requests.of(
            new int[] {3, 4}, 6, OptionalInt.empty(), List.of(), OnFull.SLIDE, sampling, 2, 2);
    List<FinishedCompletion> plain = generate(request, (sample, id, text) -> true);
    List<String> events = new ArrayList<>();
    List<ChainTrace> traces = new ArrayList<>();
    List<FinishedCompletion> traced =
        generate(
            new Request(
                request.promptIds(),
                new Request.Length(6, request.length().endIds(), List.of(), OnFull.SLIDE),
                sampling,
                2,
                2,
                0,
                true),
            new Listener() {
              @Override
              public boolean token(int sample, int id, String text) {
                events.add("token " + sample + " " + id);
                return true;
              }

              @Override
              public void traced(int sample, ChainTrace trace) {
                events.add("trace " + sample + " " + trace.chosen());
                traces.add(trace);
              }
            });
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      assertArrayEquals(plain.get(i).ids(), traced.get(i).ids());
      for (int id : plain.get(i).ids()) {
        expected.add("trace " + (2 + i) + " " + id);
        expected.add("token " + (2 + i) + " " + id);
      }
    }
    assertEquals(expected, events);
    for (int i = 0; i < 12; i++) {
      assertEquals(i % 6, traces.get(i).step());
      assertEquals(VOCAB, traces.get(i).logits().length);
    }
    // The engine overwrites its logits after each step; traces must hold copies.
    float[] first = FakeEngine.random(VOCAB).apply(new int[] {3, 4});
    assertArrayEquals(first, traces.get(0).logits());
    assertArrayEquals(first, traces.get(6).logits());
  }

  private static List<FinishedCompletion> generate(Request request, Listener listener) {
    FakeEngine engine = new FakeEngine(4, VOCAB, FakeEngine.random(VOCAB));
    return new Generator(engine, Optional.empty()).generate(request, listener);
  }
}
