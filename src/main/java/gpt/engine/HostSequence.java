package gpt.engine;

import gpt.model.Contexts;
import gpt.sampling.Drawing;
import gpt.sampling.History;
import gpt.sampling.HostSampler;

/** A sequence whose tokens are drawn on the host; its keys and values are the subclass's. */
public abstract class HostSequence implements Sequence {
  private final int vocabSize;
  private int length;
  private Drawing drawing;
  private int sample;
  private HostSampler sampler; // shared with forks: it keeps nothing from one token to the next
  private History history;
  private int drawn = -1;

  /** An empty sequence. */
  protected HostSequence(int vocabSize) {
    this.vocabSize = vocabSize;
  }

  /** For {@link #fork}: takes over another one's length and how its tokens are drawn. */
  protected final void take(HostSequence other) {
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

  /** So many tokens have been appended. */
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

  /** How tokens are drawn. */
  public final Drawing drawing() {
    if (drawing == null) {
      throw new IllegalStateException("the sequence does not know how its tokens are drawn");
    }
    return drawing;
  }

  /** Index of the text. */
  public final int sample() {
    return sample;
  }

  final HostSampler sampler() {
    return sampler;
  }

  /** What the text holds; another object after each {@link #drawing(Drawing, int)}, null before. */
  public final History history() {
    return history;
  }

  /** A token was drawn. */
  public final void drawn(int id) {
    history.add(id);
    drawn = id;
  }
}
