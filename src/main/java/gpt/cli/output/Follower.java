package gpt.cli.output;

import gpt.OnFull;
import gpt.StopReason;
import gpt.generate.FinishedCompletion;
import gpt.generate.Listener;
import gpt.generate.Request;
import gpt.generate.beam.BeamStep;
import gpt.sampling.ChainTrace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Listens to a request: prints its completions, and a note when the context is full. A note on
 * sliding comes before or after a completion, never inside it.
 */
public final class Follower implements Listener {
  private final Request request;
  private final int blockSize;
  private final CompletionPrinter printer;
  private final ProfileTable profile;
  private final Optional<StepRecorder> recorder;
  private final Consumer<String> note;
  private boolean slidingNoted;

  /**
   * A listener to one request.
   *
   * @param recorder takes the trace of each token
   * @param note takes a line for the user
   */
  public Follower(
      Request request,
      int blockSize,
      CompletionPrinter printer,
      ProfileTable profile,
      Optional<StepRecorder> recorder,
      Consumer<String> note) {
    this.request = request;
    this.blockSize = blockSize;
    this.printer = printer;
    this.profile = profile;
    this.recorder = recorder;
    this.note = note;
  }

  /**
   * Notes before the text, and how slow it is, that the default number of new tokens will slide the
   * context.
   */
  public void noteDefaultSlides() {
    int prompt = request.promptIds().length;
    if (request.length().onFull() == OnFull.SLIDE
        && prompt + request.length().maxNewTokens() - 1 > blockSize) {
      slidingNoted = true;
      note.accept(
          ("the default of %s new tokens goes beyond the context of %s tokens: once it is full,"
               + " each token recomputes the last %s, as in nanoGPT, which takes %s times the work;"
               + " use --on-full shift to drop many tokens at once, or --on-full stop to end there")
              .formatted(request.length().maxNewTokens(), blockSize, blockSize, blockSize));
    }
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
  public void traced(int sample, ChainTrace trace) {
    try {
      printer.traced(sample, trace);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    recorder.ifPresent(steps -> steps.add(sample, trace));
  }

  @Override
  public void searched(BeamStep step) {
    profile.step();
  }

  @Override
  public void promptCropped(int given, int kept) {
    note.accept(cropped(given, kept));
  }

  /** The note on a prompt that is longer than the context. */
  public static String cropped(int given, int kept) {
    return ("the prompt has %s tokens and the context holds %s: only the last %s are used, as"
            + " in nanoGPT")
        .formatted(given, kept, kept);
  }

  @Override
  public void ended(FinishedCompletion completion) {
    try {
      printer.ended(completion);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    // The last id is sampled but not appended to the context.
    boolean slid = completion.promptIds().length + completion.ids().length - 1 > blockSize;
    if (completion.stopReason() == StopReason.CONTEXT_FULL) {
      note.accept(
          "the context of %s tokens is full%s"
              .formatted(
                  blockSize,
                  completion.score().isPresent()
                      ? ""
                      : "; use --on-full slide or shift to continue"));
    } else if (slid && request.length().onFull() == OnFull.SLIDE && !slidingNoted) {
      slidingNoted = true;
      note.accept(
          ("the context of %s tokens was full: from there on each token recomputed the last"
                  + " %s, as in nanoGPT")
              .formatted(blockSize, blockSize));
    }
  }
}
