package gpt.generate.draft;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * Finds the latest earlier occurrence of a completion's last n tokens, in its prompt or in what it
 * has generated, and proposes the tokens that followed there (Saxena, Prompt Lookup Decoding,
 * 2023). It tries the longest n first.
 *
 * <p>How often the proposed tokens are right is known without verifying them: each is compared with
 * the token that was drawn, whether it was a draft or not. It is counted for each n, since a long
 * match is more often right than a short one.
 */
final class NgramDrafter extends Drafter {
  private static final int[] LENGTHS = {12, 6, 4, 3, 2};

  private final Map<DraftedCompletion, Index> indexes = new HashMap<>();

  /** For each of {@link #LENGTHS}. */
  private final List<RightShare> shares = new ArrayList<>();

  NgramDrafter() {
    for (int i = 0; i < LENGTHS.length; i++) {
      shares.add(new RightShare());
    }
  }

  @Override
  boolean proposes(DraftedCompletion completion) {
    Index index = indexes.computeIfAbsent(completion, each -> new Index());
    index.find(completion);
    return index.from > 0;
  }

  /** The mean over the completions. */
  @Override
  OptionalDouble share(List<DraftedCompletion> completions) {
    return completions.stream()
        .mapToDouble(each -> shares.get(indexes.get(each).match).value())
        .average();
  }

  @Override
  void draft(List<DraftedCompletion> completions, int max) {
    for (DraftedCompletion completion : completions) {
      int from = indexes.get(completion).from;
      completion.draft(copy(completion, from, Math.min(max, completion.maxDrafts())));
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
  private final class Index {
    /** For each of {@link #LENGTHS}: from a hash of the tokens to the index after them. */
    private final List<Map<Long, Integer>> ends = new ArrayList<>();

    /** Number of tokens whose n-grams have been added. */
    private int indexed;

    /** Index of the token that followed the last tokens before; 0 if they are new. */
    private int from;

    /** The length of the completion then. */
    private int length;

    /** Index in {@link #LENGTHS} of how many tokens matched. */
    private int match;

    Index() {
      for (int i = 0; i < LENGTHS.length; i++) {
        ends.add(new HashMap<>());
      }
    }

    /** Sets {@link #from} and {@link #match} for a completion's next token. */
    void find(DraftedCompletion completion) {
      count(completion);
      int end = completion.length();
      for (int at = indexed + 1; at < end; at++) {
        add(completion, at);
      }
      indexed = end - 1;
      length = end;
      from = 0;
      for (int i = 0; i < LENGTHS.length && from == 0; i++) {
        int n = LENGTHS[i];
        Integer found = end < n ? null : ends.get(i).get(hash(completion, end, n));
        if (found != null && equal(completion, found, end, n)) {
          from = found;
          match = i;
        }
      }
    }

    /** Compares what was proposed last with the tokens that were drawn, up to the first wrong. */
    private void count(DraftedCompletion completion) {
      boolean right = from > 0;
      for (int i = 0; right && length + i < completion.length(); i++) {
        right = completion.id(from + i) == completion.id(length + i);
        shares.get(match).add(right);
      }
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
