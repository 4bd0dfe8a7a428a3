package gpt.engine;

import gpt.model.Contexts;
import gpt.sampling.Drawing;
import gpt.sampling.History;
import gpt.sampling.HostSampler;

/** A sequence whose tokens are sampled on the host; the subclass holds its keys and values. */
public abstract class HostSequence implements Sequence {
  private final int vocabSize;
  private int length;
  private Drawing drawing;
  private int sample;
  private HostSampler sampler; // shared with forks: it has no state between tokens
  private History history;
  private int drawn = -1;

  /** An empty sequence. */
  protected HostSequence(int vocabSize) {
    this.vocabSize = vocabSize;
  }

  /** For {@link #fork}: copies the length, the sampling parameters and the history. */
  protected final void copyStateFrom(HostSequence other) {
    length = other.length;
    drawing = other.drawing;
    sample = other.sample;
    sampler = other.sampler;
    history = other.history == null ? null : other.history.copy();
    drawn = other.drawn;
  }

  @Override
  public final int length() {
    return length;
  }

  /** Records that {@code tokens} tokens were appended. */
  public final void grow(int tokens) {
    length += tokens;
  }

  @Override
  public void truncate(int to) {
    length = Contexts.checkTruncate(length, to);
  }

  @Override
  public final void drawing(Drawing next, int nextSample) {
    if (sampler == null || drawing != next) {
      sampler = new HostSampler(next.sampling(), vocabSize, next.stopIds());
    }
    drawing = next;
    sample = nextSample;
    history = new History(vocabSize);
    history.start(next.prompt());
    drawn = -1;
  }

  /** The token drawn last. */
  public final int drawn() {
    if (drawn < 0) {
      throw new IllegalStateException("no token has been drawn for this sequence");
    }
    return drawn;
  }

  /** How this sequence's tokens are sampled. */
  public final Drawing drawing() {
    if (drawing == null) {
      throw new IllegalStateException("drawing() must be called before the first token is drawn");
    }
    return drawing;
  }

  /** Index of the completion in its request. */
  public final int sample() {
    return sample;
  }

  final HostSampler sampler() {
    return sampler;
  }

  /**
   * The tokens that penalties count. Null until {@link #drawing(Drawing, int)}, which replaces it.
   */
  public final History history() {
    return history;
  }

  /**
   * Removes what drafting has appended and drawn.
   *
   * @param to length before it
   * @param last the token drawn last before it
   * @param drafts the tokens drawn since
   */
  public final void retract(int to, int last, int... drafts) {
    truncate(to);
    for (int id : drafts) {
      history.remove(id);
    }
    drawn = last;
  }

  /** Records the token drawn for this sequence. */
  public final void drawn(int id) {
    history.add(id);
    drawn = id;
  }
}
