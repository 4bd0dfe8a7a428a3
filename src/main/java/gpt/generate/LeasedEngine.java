package gpt.generate;

import gpt.GptException;
import gpt.engine.Engine;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.model.GptConfig;
import gpt.sampling.Drawing;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The view of a {@link SharedEngine} that one client on one thread uses. It forwards each call to
 * the engine's thread, which runs it between steps, and steps of several clients together ({@link
 * LeasedSteps}). Readers of results are called on that thread, and may be called twice.
 */
final class LeasedEngine implements Engine {
  private final SharedEngine shared;
  private final Engine engine;
  private final int sequences;
  private final Set<LeasedSequence> open = new HashSet<>();

  /**
   * Creates a view.
   *
   * @param engine called on the shared engine's thread; its constant properties on any thread
   * @param sequences maximum number of open sequences
   */
  LeasedEngine(SharedEngine shared, Engine engine, int sequences) {
    this.shared = shared;
    this.engine = engine;
    this.sequences = sequences;
  }

  @Override
  public GptConfig config() {
    return engine.config();
  }

  @Override
  public String device() {
    return engine.device();
  }

  @Override
  public String dtype() {
    return engine.dtype();
  }

  @Override
  public int capacity() {
    return sequences;
  }

  @Override
  public Sequence open() {
    checkRoom();
    return new LeasedSequence(shared.onThread(engine::open));
  }

  private void checkRoom() {
    if (open.size() == sequences) {
      throw new GptException("all " + sequences + " reserved sequences are open");
    }
  }

  /**
   * {@inheritDoc}
   *
   * @throws GptException before the step if the calling thread is interrupted
   */
  @Override
  public void step(List<Work> work) {
    if (Thread.currentThread().isInterrupted()) {
      throw SharedEngine.interrupted();
    }
    List<Work> unwrapped = new ArrayList<>();
    for (Work piece : work) {
      LeasedSequence leased = (LeasedSequence) piece.sequence();
      unwrapped.add(new Work(leased.sequence, piece.append(), piece.want()));
    }
    shared.step(unwrapped);
  }

  @Override
  public void logits(float[][] x, Want.LogitsReader reader) {
    run(() -> engine.logits(x, reader));
  }

  private void run(Runnable action) {
    shared.onThread(
        () -> {
          action.run();
          return null;
        });
  }

  /** Closes the sequences that are still open; the engine itself stays open. */
  @Override
  public void close() {
    List.copyOf(open).forEach(LeasedSequence::close);
  }

  private final class LeasedSequence implements Sequence {
    private final Sequence sequence;

    LeasedSequence(Sequence sequence) {
      this.sequence = sequence;
      open.add(this);
    }

    @Override
    public int length() {
      return sequence.length();
    }

    @Override
    public void drawing(Drawing drawing, int sample) {
      run(() -> sequence.drawing(drawing, sample));
    }

    @Override
    public Sequence fork() {
      checkRoom();
      return new LeasedSequence(shared.onThread(sequence::fork));
    }

    @Override
    public void truncate(int length) {
      run(() -> sequence.truncate(length));
    }

    @Override
    public void close() {
      if (open.remove(this)) {
        try {
          run(sequence::close);
        } catch (GptException e) {
          // The engine was closed, which closed its sequences.
        }
      }
    }
  }
}
