package gpt.tokenizer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/** The merges of byte-pair encoding: which two neighbours become one, and which come first. */
final class Merges {
  /** By both ids: rank in the upper half, the joined id in the lower. */
  private final Map<Long, Long> joined = new HashMap<>();

  private static long pair(long upper, long lower) {
    return upper << 32 | lower;
  }

  /** One more, behind all others; a pair that has one keeps it. */
  void add(int left, int right, int result) {
    joined.putIfAbsent(pair(left, right), pair(joined.size(), result));
  }

  /** Joins neighbours, the earliest merge first and from left to right, until none is left. */
  int[] apply(int[] ids) {
    return ids.length < 2 ? ids : new Piece(ids.clone()).joined();
  }

  /** Symbols in a list, and the merges that are possible in it. */
  private final class Piece {
    private final int[] ids;
    private final int[] next;
    private final int[] previous;

    /** Rank, then place: the first is the next to do, if its place still has that pair. */
    private final PriorityQueue<Long> possible = new PriorityQueue<>();

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
      return pair ? joined.get(pair(ids[at], ids[next[at]])) : null;
    }

    private void offer(int at) {
      Long merge = merge(at);
      if (merge != null) {
        possible.add(pair(merge >> 32, at));
      }
    }

    int[] joined() {
      for (Long best; (best = possible.poll()) != null; ) {
        int at = best.intValue();
        Long merge = merge(at);
        if (merge == null || merge >> 32 != best >> 32) {
          continue; // one of the two is gone
        }
        int gone = next[at];
        ids[at] = merge.intValue();
        ids[gone] = -1;
        next[at] = next[gone];
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
