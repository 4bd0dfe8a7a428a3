package gpt.backend.tornado;

import static gpt.backend.tornado.TornadoEngineTest.BLOCK;
import static gpt.backend.tornado.TornadoEngineTest.TOPS;
import static gpt.backend.tornado.TornadoEngineTest.V;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.emulator.OneOrder;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.model.Kernels;
import gpt.sampling.Drawing;
import gpt.sampling.SamplingParameters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Random schedules: a sequence's ids and its logits' bits are the same as alone in the engine. */
@Tag("kernels")
class TornadoBatchInvarianceTest implements OneOrder {
  private static final long SEED = 1515;

  /** Adds the emulator as a device that records launches, for buckets of 1, 2, 4 and 5 rows. */
  static Stream<TornadoDevices.Device> devices() {
    Stream<TornadoDevices.Device> recording =
        TornadoDevices.find().all().stream()
            .filter(TornadoDevices.Device::isEmulator)
            .map(TornadoBatchInvarianceTest::recording);
    return Stream.concat(TornadoModelTest.devices(), recording);
  }

  private static TornadoDevices.Device recording(TornadoDevices.Device d) {
    return new TornadoDevices.Device(
        "cuda",
        d.backendIndex(),
        d.index(),
        d.name(),
        d.platform(),
        TornadoDevices.Type.GPU,
        d.memory(),
        d.largestArray(),
        d.hasHalf(),
        d.handle(),
        Kernels.AUTO);
  }

  /** A prompt, how to draw tokens after it, and how many; some run past the context window. */
  private static final class Completion {
    final int[] prompt;
    final Drawing drawing;
    final int sample;
    final int tokens;
    final boolean traced;

    final List<Integer> all = new ArrayList<>();
    final List<Object> found = new ArrayList<>();
    final Want.Token token;
    Sequence sequence;
    int appended;
    int drawn;

    Completion(long seed, boolean traced) {
      Random random = new Random(seed);
      prompt = TornadoEngineTest.ids(seed, 1 + random.nextInt(BLOCK));
      tokens = 2 + random.nextInt(4);
      sample = random.nextInt(9);
      drawing = TornadoEngineTest.drawing(parameters(random), random.nextInt(2) * TOPS, prompt);
      this.traced = traced;
      token = new Want.Token(traced);
      Arrays.stream(prompt).forEach(all::add);
    }

    private static SamplingParameters parameters(Random random) {
      if (random.nextInt(4) == 0) {
        return SamplingParameters.greedy();
      }
      SamplingParameters.Builder builder = SamplingParameters.builder().seed(random.nextLong());
      builder.temperature(random.nextInt(3) * 0.7);
      if (random.nextBoolean()) {
        builder.repetitionPenalty(1.4).frequencyPenalty(0.3).minNewTokens(2);
      }
      if (random.nextBoolean()) {
        builder.topK(9).logitBias(5, 2);
      }
      if (random.nextBoolean()) {
        builder.topP(0.9).typicalP(0.9);
      }
      return builder.build();
    }

    boolean ended() {
      return drawn > tokens;
    }

    /** The next piece of work: at most {@code chunk} tokens of the prompt, or a drawn token. */
    Work next(int chunk) {
      int left = prompt.length - 1 - appended;
      if (left > 0) {
        int[] some =
            Arrays.copyOfRange(prompt, appended, appended + Math.min(left, Math.max(1, chunk)));
        appended += some.length;
        return Work.append(sequence, some);
      }
      if (drawn == 0) {
        sequence.drawing(drawing, sample);
      }
      int[] ids = {};
      if (sequence.length() == BLOCK) {
        sequence.truncate(0);
        List<Integer> last = all.subList(all.size() - BLOCK, all.size());
        ids = last.stream().mapToInt(id -> id).toArray();
      } else if (drawn == 0) {
        ids = new int[] {prompt[appended]};
      }
      if (drawn == tokens) { // the logits' bits of one more
        Want bits = new Want.Logits(1, (pos, row) -> found.add(bits(row)));
        return new Work(sequence, ids, bits);
      }
      return new Work(sequence, ids, token.at(drawn));
    }

    private static List<Integer> bits(float[] row) {
      return IntStream.range(0, V).map(i -> Float.floatToRawIntBits(row[i])).boxed().toList();
    }

    void stepped(Work work) {
      if (work.want() instanceof Want.Token) {
        all.add(token.id());
        found.add(token.id());
        token.logprobs().ifPresent(p -> found.add(Arrays.toString(p.ids())));
      }
      if (work.want() != Want.NOTHING) {
        drawn++;
      }
    }
  }

  /** A completion alone in the engine, its prompt in one piece. */
  private static List<Object> alone(TornadoEngine engine, Completion completion) {
    try (Sequence sequence = engine.open()) {
      completion.sequence = sequence;
      while (!completion.ended()) {
        Work work = completion.next(BLOCK);
        engine.step(List.of(work));
        completion.stepped(work);
      }
    }
    return completion.found;
  }

  /** Prompts in chunks; sequences that join, leave, pause, and change rows and buckets. */
  @ParameterizedTest
  @MethodSource("devices")
  void otherSequencesAndChunksChangeNothing(TornadoDevices.Device device) {
    int completions = 9;
    int together = 5;
    Set<Integer> rows = new HashSet<>();
    for (long seed = SEED; seed < SEED + (device.isEmulator() ? 1 : 4); seed++) {
      Random random = new Random(seed);
      try (TornadoEngine engine = TornadoEngineTest.open(device, together, null)) {
        List<List<Object>> expected = new ArrayList<>();
        for (int i = 0; i < completions; i++) {
          // The host draws, from the device's logits.
          expected.add(alone(engine, new Completion(seed * 100 + i, true)));
        }
        List<Completion> waiting = new ArrayList<>();
        for (int i = 0; i < completions; i++) {
          waiting.add(new Completion(seed * 100 + i, i == 3));
        }
        List<Completion> all = List.copyOf(waiting);
        List<Completion> running = new ArrayList<>();
        while (!waiting.isEmpty() || !running.isEmpty()) {
          while (running.size() < together && !waiting.isEmpty()) {
            Completion next = waiting.removeFirst();
            next.sequence = engine.open();
            running.add(random.nextInt(running.size() + 1), next);
          }
          List<Completion> some = running.stream().filter(t -> random.nextInt(6) > 0).toList();
          if (!some.isEmpty()) {
            List<Work> work = some.stream().map(t -> t.next(random.nextInt(6))).toList();
            engine.step(work);
            rows.add((int) work.stream().filter(w -> w.want() != Want.NOTHING).count());
            for (int i = 0; i < work.size(); i++) {
              some.get(i).stepped(work.get(i));
            }
          }
          running.stream().filter(Completion::ended).forEach(t -> t.sequence.close());
          running.removeIf(Completion::ended);
        }
        for (int i = 0; i < completions; i++) {
          assertEquals(expected.get(i), all.get(i).found, "seed " + seed + ", completion " + i);
        }
      }
    }
    assertTrue(rows.containsAll(Set.of(1, 2, 3, 5)), "rows of decode in a step: " + rows);
  }
}
