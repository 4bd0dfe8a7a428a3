package gpt.generate;

import gpt.engine.Engine;
import gpt.engine.Sequence;
import gpt.engine.Work;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Decides what each step of an engine does (continuous batching). Completions join as soon as there
 * is room and leave when they have ended; all are decoded together; long prompts are processed in
 * chunks beside them. What a sequence holds of another completion's prompt is not computed again:
 * an idle sequence is taken over, one in use is forked, and one whose prompt is being processed is
 * waited for.
 *
 * <p>An engine's results do not depend on any of this, so a completion's tokens are those that it
 * would have alone. Not thread-safe.
 */
final class Scheduler implements AutoCloseable {
  /** Rows of a step that only processes prompts: more make a step no faster for each. */
  static final int PROMPT_ROWS = 512;

  /** Rows of prompts beside completions that are decoded, which wait for them. */
  static final int CHUNK_ROWS = 64;

  /** A shorter prefix is faster computed again than waited for, unless it is the whole prompt. */
  static final int MIN_SHARED = 16;

  /** Keys and values that may be kept in sequences without a completion. */
  private static final long MAX_KEPT_BYTES = 1L << 30;

  private final Engine engine;
  private final int maxSequences;
  private final int maxKept;
  private final Deque<RunningCompletion> waiting = new ArrayDeque<>();
  private final List<RunningCompletion> active = new ArrayList<>();

  /** Sequences without a completion, the one used last at the end. */
  private final List<Kept> kept = new ArrayList<>();

  /** Sequences of the engine that are others'. */
  private int reserved;

  // Of one step.
  private final List<Work> work = new ArrayList<>();
  private final List<RunningCompletion> stepping = new ArrayList<>();

  /** A sequence whose completion has ended, and what it holds. */
  private record Kept(Sequence sequence, int[] ids) {}

  /**
   * Steps an engine, which stays the caller's to close.
   *
   * @param maxSequences sequences that are open at once, at least 1
   */
  Scheduler(Engine engine, int maxSequences) {
    this.engine = engine;
    this.maxSequences = maxSequences;
    long bytes = Math.max(1, engine.sequenceBytes());
    maxKept = Math.clamp(MAX_KEPT_BYTES / bytes, 1, maxSequences);
  }

  /** Lets completions wait for their turn. */
  void add(List<RunningCompletion> completions) {
    completions.stream().filter(completion -> !completion.delivery().ended()).forEach(waiting::add);
  }

  /** Whether no completion is left. */
  boolean isIdle() {
    return waiting.isEmpty() && active.isEmpty();
  }

  /**
   * Makes a step; does nothing where no completion is left.
   *
   * @param admitting whether waiting completions may join
   * @throws RuntimeException where the engine fails; the completions of the step cannot go on then
   */
  void step(boolean admitting) {
    active.removeIf(this::isEnded); // cancelled meanwhile
    waiting.removeIf(completion -> completion.delivery().ended());
    active.stream().filter(completion -> completion.parent() != null).toList().forEach(this::fork);
    if (admitting) {
      admit();
    }
    plan();
    if (work.isEmpty()) {
      return;
    }
    long rows = work.stream().mapToInt(Work::tokens).sum();
    long begin = System.nanoTime();
    engine.step(work);
    long nanos = System.nanoTime() - begin;
    for (int i = 0; i < work.size(); i++) {
      int appended = work.get(i).tokens();
      stepping.get(i).stepped(appended, nanos * appended / rows);
    }
    active.removeIf(this::isEnded);
  }

  private boolean isEnded(RunningCompletion completion) {
    if (!completion.delivery().ended()) {
      return false;
    }
    release(completion);
    return true;
  }

  // What a step does.

  private void plan() {
    work.clear();
    stepping.clear();
    int room = PROMPT_ROWS;
    for (RunningCompletion completion : active) {
      if (completion.parent() == null && completion.isDecoding()) {
        plan(completion, 1);
        room = CHUNK_ROWS;
      }
    }
    for (RunningCompletion completion : active) {
      if (completion.parent() == null && !completion.isDecoding() && room > 0) {
        int rows = Math.min(room, Math.min(completion.pending(), toNextFork(completion)));
        plan(completion, rows);
        room -= rows;
      }
    }
  }

  private void plan(RunningCompletion completion, int rows) {
    work.add(completion.work(rows));
    stepping.add(completion);
  }

  /** Tokens until another completion forks this one. */
  private int toNextFork(RunningCompletion completion) {
    int rows = Integer.MAX_VALUE;
    for (RunningCompletion child : active) {
      if (child.parent() == completion) {
        rows = Math.min(rows, child.shared() - completion.sequence().length());
      }
    }
    return rows;
  }

  // Who joins.

  private void admit() {
    while (!waiting.isEmpty() && active.size() + reserved < maxSequences) {
      RunningCompletion completion = waiting.remove();
      active.add(completion);
      begin(completion);
    }
  }

  /** Finds the longest prefix of a completion that is there, or will be. */
  private void begin(RunningCompletion completion) {
    boolean drawn = engine.reusesDrawnTokens();
    int most = 0;
    RunningCompletion parent = null;
    boolean later = false;
    for (RunningCompletion other : active) {
      if (other == completion || other.parent() != null || other.sequence() == null) {
        continue;
      }
      int now = other.inCommon(completion, drawn);
      int then = other.inCommonLater(completion, drawn);
      if (Math.max(now, then) > most) {
        most = Math.max(now, then);
        parent = other;
        later = then > now;
      }
    }
    if (most < MIN_SHARED && most < completion.promptLength() - 1) {
      parent = null;
      most = 0;
    }
    Kept best = best(completion);
    int idle = best == null ? 0 : completion.inCommon(best.ids, best.ids.length);
    if (best != null && idle >= most && (2 * idle >= best.ids.length || !fits(0))) {
      takeOver(completion, best, idle);
    } else if (best != null && idle >= most && idle >= MIN_SHARED) {
      completion.begin(fork(best.sequence, idle));
    } else if (parent == null) {
      makeRoom(0);
      completion.begin(engine.open());
    } else {
      completion.await(parent, most);
      if (!later) {
        fork(completion);
      }
    }
  }

  /**
   * Whether each active completion can have a sequence, and so many more, beside those that are
   * kept.
   */
  private boolean fits(int more) {
    return active.size() + kept.size() + reserved + more <= maxSequences;
  }

  /** Closes kept sequences, those not used for longest first, until that fits. */
  private void makeRoom(int more) {
    while (!kept.isEmpty() && !fits(more)) {
      kept.removeFirst().sequence.close();
    }
  }

  /** The kept sequence that shares the longest prefix, of equals the one not used for longest. */
  private Kept best(RunningCompletion completion) {
    Kept best = null;
    int most = -1;
    for (Kept each : kept) {
      int idle = completion.inCommon(each.ids, each.ids.length);
      if (idle > most) {
        most = idle;
        best = each;
      }
    }
    return best;
  }

  private void takeOver(RunningCompletion completion, Kept from, int tokens) {
    kept.remove(from);
    if (from.sequence.length() > tokens) {
      from.sequence.truncate(tokens);
    }
    completion.begin(from.sequence);
  }

  /**
   * Forks a completion's parent once that has come so far; looks for another where it never will.
   */
  private void fork(RunningCompletion completion) {
    RunningCompletion parent = completion.parent();
    boolean there = active.contains(parent);
    if (there && parent.inCommon(completion, engine.reusesDrawnTokens()) >= completion.shared()) {
      completion.begin(fork(parent.sequence(), completion.shared()));
    } else if (!there || !parent.isPrompt()) {
      completion.await(null, 0);
      begin(completion);
    }
  }

  private Sequence fork(Sequence of, int tokens) {
    makeRoom(0);
    Sequence fork = of.fork();
    if (fork.length() > tokens) {
      fork.truncate(tokens);
    }
    return fork;
  }

  /** Keeps the sequence of a completion that has ended, for the prompt that it holds. */
  private void release(RunningCompletion completion) {
    if (completion.sequence() == null) {
      return;
    }
    int[] ids = completion.reusableIds(engine.reusesDrawnTokens());
    kept.add(new Kept(completion.end(), ids));
    if (kept.size() > maxKept) {
      kept.removeFirst().sequence.close();
    }
  }

  // Sequences of others.

  /**
   * Reserves room for sequences that others open.
   *
   * @return false where there is none now
   */
  boolean reserve(int sequences) {
    makeRoom(sequences);
    boolean alone = active.isEmpty() && reserved == 0; // then it may have more than are allowed
    if (!alone && !fits(sequences)) {
      return false;
    }
    reserved += sequences;
    return true;
  }

  /** Gives up what {@link #reserve} gave. */
  void release(int sequences) {
    reserved -= sequences;
  }

  /** Ends all completions with an error. */
  void fail(RuntimeException e) {
    waiting.forEach(completion -> completion.delivery().fail(e));
    active.forEach(completion -> completion.delivery().fail(e));
    close();
  }

  private void closeKept() {
    kept.forEach(each -> each.sequence.close());
    kept.clear();
  }

  /** Closes all sequences. */
  @Override
  public void close() {
    for (RunningCompletion completion : active) {
      if (completion.sequence() != null) {
        completion.end().close();
      }
    }
    active.clear();
    waiting.clear();
    closeKept();
  }
}
