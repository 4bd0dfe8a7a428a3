package gpt.cli.commands;

import gpt.OnFull;
import gpt.StopReason;
import gpt.cli.output.ProfileTable;
import gpt.cli.output.SamplePrinter;
import gpt.generate.Generation;
import gpt.generate.Listener;
import gpt.generate.Request;
import gpt.sampling.ChainTrace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Follows a generation: prints its samples, and notes what the user should know of the context. A
 * note on sliding stands before the text or behind it, never in the middle.
 */
final class Follower implements Listener {
  private final Request request;
  private final int blockSize;
  private final SamplePrinter printer;
  private final ProfileTable profile;
  private final Optional<StepRecorder> recorder;
  private final Consumer<String> note;
  private boolean slidingNoted;

  Follower(
      Request request,
      int blockSize,
      SamplePrinter printer,
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

  /** Says before the text that it will slide, where nobody asked for so many tokens. */
  void noteSlidingAhead() {
    int prompt = request.promptIds().length;
    if (request.onFull() == OnFull.SLIDE && prompt + request.maxNewTokens() - 1 > blockSize) {
      slidingNoted = true;
      note.accept(
          "the default of "
              + request.maxNewTokens()
              + " new tokens goes beyond the context of "
              + blockSize
              + " tokens: once it is full, each token takes a pass over the last "
              + blockSize
              + ", as in nanoGPT, which is slow; --on-full stop ends there");
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
  public void searched() {
    profile.step();
  }

  @Override
  public void promptCropped(int given, int kept) {
    note.accept(cropped(given, kept));
  }

  /** The note on a prompt that the context has no room for. */
  static String cropped(int given, int kept) {
    return "the prompt has "
        + given
        + " tokens and the context holds "
        + kept
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
