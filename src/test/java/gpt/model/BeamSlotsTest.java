package gpt.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BeamSlotsTest {
  private static final long SEED = 20261124;

  @Test
  void aPermutationCopiesNothing() {
    BeamSlots slots = new BeamSlots(3);
    assertArrayEquals(new int[] {0, 0, 0}, slots.next(new int[] {0, 0, 0}));
    assertArrayEquals(new int[] {0, 1, 2}, slots.next(new int[] {2, 0, 1}));
    assertArrayEquals(new int[] {2, 0, 1}, IntStream.range(0, 3).map(slots::of).toArray());
  }

  /** Contexts stand for themselves by what they hold: whose child each is, step by step. */
  @Test
  void everyBeamFindsItsParentsContext() {
    Random random = new Random(SEED);
    for (int run = 0; run < 200; run++) {
      int contexts = 1 + random.nextInt(8);
      BeamSlots slots = new BeamSlots(contexts);
      String[] held = new String[contexts];
      String[] beams = {"0"};
      held[0] = "0";
      for (int step = 0; step < 10; step++) {
        int count = 1 + random.nextInt(contexts);
        int[] parents = random.ints(count, 0, beams.length).toArray();
        int[] sources = slots.next(parents);
        for (int slot = 0; slot < contexts; slot++) {
          int source = sources[slot];
          assertEquals(source, sources[source], "what is copied is not overwritten");
          held[slot] = held[source];
        }
        long needed = count - Arrays.stream(parents).distinct().count();
        assertEquals(needed, IntStream.range(0, contexts).filter(i -> sources[i] != i).count());
        String[] next = new String[count];
        for (int beam = 0; beam < count; beam++) {
          next[beam] = beams[parents[beam]] + "." + beam;
          int slot = slots.of(beam);
          assertEquals(beams[parents[beam]], held[slot], "seed " + SEED + " run " + run);
        }
        for (int beam = 0; beam < count; beam++) {
          held[slots.of(beam)] = next[beam];
        }
        beams = next;
      }
    }
  }
}
