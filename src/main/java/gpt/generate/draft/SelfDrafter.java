package gpt.generate.draft;

import gpt.GptException;
import gpt.engine.Engine;
import gpt.engine.HostSequence;
import gpt.engine.Want;
import gpt.engine.Work;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Drafts with the same model in a lower precision. Drafts are appended to the completion's own
 * sequence, behind the keys and values of the full precision, and removed again: nothing is
 * computed twice but the drafts, however long the prompt or a pause was.
 */
final class SelfDrafter extends Drafter {
  private static final System.Logger LOG = System.getLogger("gpt");

  private final Supplier<Engine> open;

  /** Opens the engine; null until then. */
  private Thread opening;

  /** Draws the drafts; null until it is open. */
  private volatile Engine engine;

  SelfDrafter(Supplier<Engine> open) {
    this.open = open;
  }

  @Override
  public void prepare() {
    if (opening == null) {
      opening = Thread.ofPlatform().daemon().name("gpt-drafts").start(this::open);
    }
  }

  private void open() {
    try {
      engine = open.get();
    } catch (GptException | OutOfMemoryError e) {
      LOG.log(System.Logger.Level.WARNING, "draft self: no drafts: " + e.getMessage());
    }
  }

  /** One completion's drafts. */
  private static final class Draft {
    final DraftedCompletion completion;
    final HostSequence sequence;
    final int length;
    final int max;
    final List<Integer> ids = new ArrayList<>();
    final Want.Token token = new Want.Token(false);
    boolean failed;

    Draft(DraftedCompletion completion) {
      this.completion = completion;
      sequence = (HostSequence) completion.sequence();
      length = sequence.length();
      max = completion.maxDrafts();
    }

    boolean isOpen() {
      return !failed && ids.size() < max;
    }

    Work next() {
      return Work.appendDrawn(sequence, token.at(completion.nextStep() + ids.size()));
    }

    void drawn() {
      failed = token.failure().isPresent();
      if (!failed) {
        ids.add(token.id());
      }
    }

    void set() {
      int[] drafts = ids.stream().mapToInt(id -> id).toArray();
      sequence.retract(length, completion.id(completion.length() - 1), drafts);
      completion.draft(drafts);
    }
  }

  @Override
  public boolean isWarm() {
    return engine != null && engine.isWarm();
  }

  @Override
  void draft(List<DraftedCompletion> completions, int max) {
    List<Draft> drafts = completions.stream().map(Draft::new).toList();
    for (int round = 0; round < max; round++) {
      List<Draft> open = drafts.stream().filter(Draft::isOpen).toList();
      if (open.isEmpty()) {
        break;
      }
      engine.step(open.stream().map(Draft::next).toList());
      open.forEach(Draft::drawn);
    }
    drafts.forEach(Draft::set);
  }

  @Override
  void ended(DraftedCompletion completion) {}

  @Override
  public void close() {
    boolean interrupted = false;
    while (opening != null && opening.isAlive()) {
      try {
        opening.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (engine != null) {
      engine.close();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
