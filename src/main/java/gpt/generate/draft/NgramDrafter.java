package gpt.generate.draft;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Finds the latest earlier occurrence of a completion's last n tokens, in its prompt or in what it
 * has generated, and proposes the tokens that followed there (Saxena, Prompt Lookup Decoding,
 * 2023). It tries the longest n first.
 */
final class NgramDrafter extends Drafter {
  private static final int[] LENGTHS = {6, 4, 3};

  private final Map<DraftedCompletion, Index> indexes = new HashMap<>();

  @Override
  void draft(List<DraftedCompletion> completions, int max) {
    for (DraftedCompletion completion : completions) {
      Index index = indexes.computeIfAbsent(completion, each -> new Index());
      int from = index.find(completion);
      if (from > 0) {
        completion.draft(copy(completion, from, Math.min(max, completion.maxDrafts())));
      }
    }
  }

  /** The tokens from an index on; after the last token the drafts themselves continue. */
  private static int[] copy(DraftedCompletion completion, int from, int count) {
    int[] drafts = new int[count];
    int length = completion.length();
    for (int i = 0; i < count; i++) {
      int at = from + i;
      drafts[i] = at < length ? completion.id(at) : drafts[at - length];
    }
    return drafts;
  }

  @Override
  void ended(DraftedCompletion completion) {
    indexes.remove(completion);
  }

  @Override
  public void close() {
    indexes.clear();
  }

  /** Where each sequence of tokens last occurred in one completion. */
  private static final class Index {
    /** For each of {@link #LENGTHS}: from a hash of the tokens to the index after them. */
    private final List<Map<Long, Integer>> ends = List.of(map(), map(), map());

    /** Number of tokens whose n-grams have been added. */
    private int indexed;

    private static Map<Long, Integer> map() {
      return new HashMap<>();
    }

    /** Index of the token that followed the last tokens before; 0 if they are new. */
    int find(DraftedCompletion completion) {
      int end = completion.length();
      for (int at = indexed + 1; at < end; at++) {
        add(completion, at);
      }
      indexed = end - 1;
      for (int i = 0; i < LENGTHS.length; i++) {
        int n = LENGTHS[i];
        Integer found = end < n ? null : ends.get(i).get(hash(completion, end, n));
        if (found != null && equal(completion, found, end, n)) {
          return found;
        }
      }
      return 0;
    }

    private void add(DraftedCompletion completion, int end) {
      for (int i = 0; i < LENGTHS.length; i++) {
        if (end >= LENGTHS[i]) {
          ends.get(i).put(hash(completion, end, LENGTHS[i]), end);
        }
      }
    }

    private static long hash(DraftedCompletion completion, int end, int n) {
      long hash = 0;
      for (int i = end - n; i < end; i++) {
        hash = hash * 0x9E3779B97F4A7C15L + completion.id(i) + 1;
      }
      return hash;
    }

    private static boolean equal(DraftedCompletion completion, int a, int b, int n) {
      for (int i = 1; i <= n; i++) {
        if (completion.id(a - i) != completion.id(b - i)) {
          return false;
        }
      }
      return true;
    }
  }
}
