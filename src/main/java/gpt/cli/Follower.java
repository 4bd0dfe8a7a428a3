package gpt.cli;

import gpt.generate.Generation;
import gpt.generate.Listener;
import gpt.generate.OnFull;
import gpt.generate.Request;
import gpt.generate.StopReason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.Consumer;

/**
 * Follows a generation: prints its samples, and notes what the user should know of the context. A
 * note on sliding waits for the text's end, so that it does not stand in the middle of it.
 */
final class Follower implements Listener {
  private final Request request;
  private final int blockSize;
  private final SamplePrinter printer;
  private final ProfileTable profile;
  private final Consumer<String> note;
  private boolean slidingNoted;

  Follower(
      Request request,
      int blockSize,
      SamplePrinter printer,
      ProfileTable profile,
      Consumer<String> note) {
    this.request = request;
    this.blockSize = blockSize;
    this.printer = printer;
    this.profile = profile;
    this.note = note;
  }

  @Override
  public boolean token(int sample, int id, String text) {
    profile.step();
    try {
      printer.token(id, text);
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void searched() {
    profile.step();
  }

  @Override
  public void promptCropped(int given, int kept) {
    note.accept(cropped(given, blockSize, kept));
  }

  /** What to say of a prompt that is longer than the context. */
  static String cropped(int given, int blockSize, int kept) {
    return "the prompt has "
        + given
        + " tokens and the context holds "
        + blockSize
        + ": the model sees the last "
        + kept
        + ", as in nanoGPT";
  }

  @Override
  public void ended(Generation generation) {
    try {
      printer.ended(generation);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    // The last id is drawn but not appended.
    boolean slid = generation.promptIds().length + generation.ids().length - 1 > blockSize;
    if (generation.stopReason() == StopReason.CONTEXT_FULL) {
      note.accept(
          "the context of "
              + blockSize
              + " tokens is full"
              + (generation.score().isPresent() ? "" : "; --on-full slide would go on"));
    } else if (slid && request.onFull() == OnFull.SLIDE && !slidingNoted) {
      slidingNoted = true;
      note.accept(
          "the context of "
              + blockSize
              + " tokens was full: from there on each token took a pass over the last "
              + blockSize
              + ", as in nanoGPT");
    }
  }
}
