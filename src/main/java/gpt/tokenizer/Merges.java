package gpt.tokenizer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/** The merges of byte-pair encoding: which two neighbouring tokens become one, in order of rank. */
final class Merges {
  /** Maps a pair of ids to the merge's rank (upper 32 bits) and the merged id (lower 32 bits). */
  private final Map<Long, Long> merges = new HashMap<>();

  private static long pack(long upper, long lower) {
    return upper << 32 | lower;
  }

  /** Adds a merge with the next rank; a pair that has a merge already keeps it. */
  void add(int left, int right, int result) {
    merges.putIfAbsent(pack(left, right), pack(merges.size(), result));
  }

  /** Applies the merge of the lowest rank, leftmost first, until no two neighbours have a merge. */
  int[] apply(int[] ids) {
    return ids.length < 2 ? ids : new Piece(ids.clone()).merged();
  }

  /** The ids of one piece of text as a doubly linked list, with the merges that may be applied. */
  private final class Piece {
    private final int[] ids;
    private final int[] next;
    private final int[] previous;

    /**
     * Rank (upper bits) and position; an entry is stale if the pair at its position has changed.
     */
    private final PriorityQueue<Long> candidates = new PriorityQueue<>();

    Piece(int[] ids) {
      this.ids = ids;
      next = new int[ids.length];
      previous = new int[ids.length];
      for (int i = 0; i < ids.length; i++) {
        next[i] = i + 1;
        previous[i] = i - 1;
      }
      for (int i = 0; i + 1 < ids.length; i++) {
        offer(i);
      }
    }

    private Long merge(int at) {
      boolean pair = at >= 0 && ids[at] >= 0 && next[at] < ids.length;
      return pair ? merges.get(pack(ids[at], ids[next[at]])) : null;
    }

    private void offer(int at) {
      Long merge = merge(at);
      if (merge != null) {
        candidates.add(pack(merge >> 32, at));
      }
    }

    int[] merged() {
      for (Long best; (best = candidates.poll()) != null; ) {
        int at = best.intValue();
        Long merge = merge(at);
        if (merge == null || merge >> 32 != best >> 32) {
          continue; // stale: one of the two was merged already
        }
        int removed = next[at];
        ids[at] = merge.intValue();
        ids[removed] = -1;
        next[at] = next[removed];
        if (next[at] < ids.length) {
          previous[next[at]] = at;
        }
        offer(previous[at]);
        offer(at);
      }
      List<Integer> left = new ArrayList<>();
      for (int i = 0; i < ids.length; i = next[i]) {
        left.add(ids[i]);
      }
      return left.stream().mapToInt(Integer::intValue).toArray();
    }
  }
}
