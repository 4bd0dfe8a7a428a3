package gpt.model;

import java.util.Arrays;

/**
 * Which context holds which beam. A beam's first child goes on in its parent's context; only
 * further children are copied, into contexts of beams that have no child. So a context is never
 * both read and overwritten, and the copies can be made in any order.
 */
public final class BeamSlots {
  private int[] slots = {0};
  private final int contexts;

  /** One beam, the prompt, in context 0 of so many. */
  public BeamSlots(int contexts) {
    this.contexts = contexts;
  }

  /** The context that holds a beam. */
  public int of(int beam) {
    return slots[beam];
  }

  /**
   * Gives new beams their contexts.
   *
   * @param parents the beam that each new one continues; no more than there are contexts
   * @return for each context the one whose tokens it is to take over, itself where it keeps its own
   */
  public int[] next(int[] parents) {
    int[] next = new int[parents.length];
    int[] sources = new int[contexts];
    Arrays.setAll(sources, slot -> slot);
    boolean[] taken = new boolean[contexts];
    Arrays.fill(next, -1);
    for (int beam = 0; beam < parents.length; beam++) {
      int slot = slots[parents[beam]];
      if (!taken[slot]) {
        taken[slot] = true;
        next[beam] = slot;
      }
    }
    int free = 0;
    for (int beam = 0; beam < parents.length; beam++) {
      if (next[beam] < 0) {
        while (taken[free]) {
          free++;
        }
        taken[free] = true;
        sources[free] = slots[parents[beam]];
        next[beam] = free;
      }
    }
    slots = next;
    return sources;
  }
}
