package gpt.generate.draft;

import java.util.List;
import java.util.Random;

/** Guesses random tokens, so that almost all drafts are wrong, some in the middle right. */
public final class RandomDrafter extends Drafter {
  private final Random random = new Random(3);

  @Override
  void draft(List<DraftedCompletion> completions, int max) {
    for (DraftedCompletion completion : completions) {
      int count = random.nextInt(Math.min(max, completion.maxDrafts()) + 1);
      completion.draft(random.ints(count, 0, 3).toArray());
    }
  }

  @Override
  void ended(DraftedCompletion completion) {}

  @Override
  public void close() {}
}
