package gpt.generate.draft;

import gpt.engine.Engine;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Drafts with a second engine. Each completion has a sequence there, which is brought to the
 * completion's tokens before it is continued: wrong drafts are removed, missing tokens appended.
 *
 * <p>The penalties of a draft also count wrong drafts of its sequence, so penalties make more
 * drafts wrong.
 */
final class ModelDrafter extends Drafter {
  private final Engine engine;
  private final Map<DraftedCompletion, Draft> drafts = new HashMap<>();

  ModelDrafter(Engine engine) {
    this.engine = engine;
  }

  /** A completion's sequence on the draft engine. */
  private final class Draft {
    final Sequence sequence = engine.open();
    final Want.Token token = new Want.Token(false);

    /** Index of the completion's token at position 0. */
    int first;

    /** The ids in the sequence; the first {@code sequence.length()} are valid. */
    int[] held = {};

    final List<Integer> proposed = new ArrayList<>();

    Draft(DraftedCompletion completion) {
      sequence.drawing(completion.drawing(), completion.sample());
    }

    /** Removes wrong drafts; returns the completion's tokens that the sequence lacks, 1 or more. */
    int[] missing(DraftedCompletion completion) {
      int from = completion.firstInContext();
      int[] context = new int[completion.length() - from];
      for (int i = 0; i < context.length; i++) {
        context[i] = completion.id(from + i);
      }
      int same = 0;
      if (from == first) {
        int most = Math.min(sequence.length(), context.length - 1);
        int mismatch = Arrays.mismatch(held, 0, most, context, 0, most);
        same = mismatch < 0 ? most : mismatch;
      }
      first = from;
      sequence.truncate(same);
      held = Arrays.copyOf(context, context.length + DraftCount.MAX_ROWS);
      proposed.clear();
      return Arrays.copyOfRange(context, same, context.length);
    }

    /** The work that appends missing tokens and draws the first draft. */
    Work first(DraftedCompletion completion) {
      return new Work(sequence, missing(completion), token.at(completion.nextStep()));
    }

    /** The work that appends the last draft and draws the next one. */
    Work next(DraftedCompletion completion) {
      held[sequence.length()] = proposed.getLast();
      return Work.appendDrawn(sequence, token.at(completion.nextStep() + proposed.size()));
    }
  }

  @Override
  public boolean isWarm() {
    return engine.isWarm();
  }

  @Override
  void catchUp(List<DraftedCompletion> completions) {
    List<Work> work = new ArrayList<>();
    for (DraftedCompletion completion : completions) {
      Draft draft = drafts.computeIfAbsent(completion, Draft::new);
      int[] missing = draft.missing(completion);
      if (missing.length > DraftCount.MAX_ROWS) {
        work.add(Work.append(draft.sequence, Arrays.copyOf(missing, missing.length - 1)));
      }
    }
    if (!work.isEmpty()) {
      engine.step(work);
    }
  }

  @Override
  void draft(List<DraftedCompletion> completions, int max) {
    List<DraftedCompletion> drafting = new ArrayList<>(completions);
    for (int round = 0; round < max; round++) {
      int drafted = round;
      drafting.removeIf(completion -> completion.maxDrafts() <= drafted);
      if (drafting.isEmpty()) {
        break;
      }
      List<Work> work = new ArrayList<>();
      for (DraftedCompletion completion : drafting) {
        Draft draft = drafts.get(completion);
        work.add(round == 0 ? draft.first(completion) : draft.next(completion));
      }
      engine.step(work);
      drafting.removeIf(completion -> !propose(drafts.get(completion)));
    }
    for (DraftedCompletion completion : completions) {
      Draft draft = drafts.get(completion);
      if (draft != null && completion.maxDrafts() > 0) {
        completion.draft(draft.proposed.stream().mapToInt(id -> id).toArray());
      }
    }
  }

  private static boolean propose(Draft draft) {
    if (draft.token.failure().isPresent()) {
      return false;
    }
    draft.proposed.add(draft.token.id());
    return true;
  }

  @Override
  void ended(DraftedCompletion completion) {
    Draft draft = drafts.remove(completion);
    if (draft != null) {
      draft.sequence.close();
    }
  }

  @Override
  public void close() {
    drafts.values().forEach(draft -> draft.sequence.close());
    drafts.clear();
    engine.close();
  }
}
