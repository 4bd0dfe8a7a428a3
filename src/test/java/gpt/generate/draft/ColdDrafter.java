package gpt.generate.draft;

import java.util.List;

/** Records whether drafts are prepared, and is never ready. */
public final class ColdDrafter extends Drafter {
  private boolean prepared;

  /** Whether drafts have been prepared. */
  public boolean prepared() {
    return prepared;
  }

  @Override
  public void prepare() {
    prepared = true;
  }

  @Override
  public boolean isWarm() {
    return false;
  }

  @Override
  void draft(List<DraftedCompletion> completions, int max) {
    throw new AssertionError("drafts before they are ready");
  }

  @Override
  void ended(DraftedCompletion completion) {}

  @Override
  public void close() {}
}
