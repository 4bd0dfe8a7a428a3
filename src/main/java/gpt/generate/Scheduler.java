package gpt.generate;

import gpt.engine.Engine;
import gpt.engine.Sequence;
import gpt.engine.Work;
import gpt.generate.draft.Speculation;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Plans and runs the steps of an engine. Completions join as soon as there is room and leave when
 * they have ended (continuous batching). A step decodes one token of each completion, and prefills
 * chunks of long prompts in the rows that are left (chunked prefill); a row is one token of one
 * sequence. A prefix of a prompt whose keys and values are in a sequence is not computed again
 * (prefix reuse): the completion continues a cached sequence, forks one in use, or waits until
 * another completion has prefilled the prefix and forks that.
 *
 * <p>A sequence's results do not depend on the other work of a step (batch invariance), so a
 * completion has the same tokens as if it were decoded alone. Not thread-safe.
 */
final class Scheduler implements AutoCloseable {
  /** Maximum rows of a step without decode rows; more do not raise the throughput. */
  static final int PROMPT_ROWS = 512;

  /** Maximum prefill rows beside decode rows, which bounds the delay of the decoded tokens. */
  static final int CHUNK_ROWS = 64;

  /**
   * Minimum length of a prefix to fork, since recomputing a shorter one is faster. A prefix of a
   * running completion may be shorter if it is the whole prompt but for the last token.
   */
  static final int MIN_SHARED = 16;

  /** Maximum size of the keys and values of all cached sequences. */
  private static final long MAX_CACHE_BYTES = 1L << 30;

  private final Engine engine;
  private final SchedulerListener listener;
  private final int maxSequences;
  private final int maxCached;
  private final Deque<RunningCompletion> waiting = new ArrayDeque<>();
  private final List<RunningCompletion> active = new ArrayList<>();

  /** Prefix cache: sequences of ended completions, least recently used first. */
  private final List<CachedSequence> cache = new ArrayList<>();

  /**
   * Number of sequences reserved for clients that step the engine themselves, such as beam search.
   */
  private int reserved;

  /** Drafts tokens; null without speculative decoding. */
  private final Speculation speculation;

  // The current step, reused from step to step.
  private final List<Work> work = new ArrayList<>();
  private final List<RunningCompletion> stepping = new ArrayList<>();

  /** A sequence of an ended completion, and the ids that may be reused. */
  private record CachedSequence(Sequence sequence, int[] ids) {}

  /**
   * Schedules steps of an engine, which the caller closes.
   *
   * @param maxSequences maximum number of open sequences, at least 1
   */
  Scheduler(Engine engine, int maxSequences) {
    this(engine, maxSequences, null, SchedulerListener.NONE);
  }

  /**
   * As {@link #Scheduler(Engine, int)}, with speculative decoding and a listener.
   *
   * @param speculation drafts tokens, and belongs to the caller; null for no drafts
   * @param listener receives figures
   */
  Scheduler(Engine engine, int maxSequences, Speculation speculation, SchedulerListener listener) {
    this.engine = engine;
    this.speculation = engine.verifiesDrafts() ? speculation : null;
    this.listener = listener;
    this.maxSequences = maxSequences;
    long bytes = Math.max(1, engine.sequenceBytes());
    maxCached = Math.clamp(MAX_CACHE_BYTES / bytes, 1, maxSequences);
  }

  /** Adds completions to the queue. */
  void add(List<RunningCompletion> completions) {
    completions.stream().filter(completion -> !completion.delivery().ended()).forEach(waiting::add);
    engine.expect(completions.stream().mapToLong(RunningCompletion::remaining).sum());
  }

  /** Whether no completion is left. */
  boolean isIdle() {
    return waiting.isEmpty() && active.isEmpty();
  }

  /**
   * Runs a step of the engine; does nothing if the scheduler is idle.
   *
   * @param admitting whether queued completions may join
   * @throws RuntimeException if the engine fails; the step's completions cannot continue then
   */
  void step(boolean admitting) {
    active.removeIf(this::cacheIfEnded); // those cancelled since the last step
    waiting.removeIf(completion -> completion.delivery().ended());
    active.stream()
        .filter(completion -> completion.parent() != null)
        .toList()
        .forEach(this::forkParent);
    if (admitting) {
      admit();
    }
    plan();
    if (work.isEmpty()) {
      listener.load(waiting.size(), active.size());
      return;
    }
    int rows = work.stream().mapToInt(Work::tokens).sum();
    boolean decodes = stepping.stream().allMatch(RunningCompletion::isDecoding);
    long begin = System.nanoTime();
    engine.step(work);
    long nanos = System.nanoTime() - begin;
    long drafted = speculation == null ? 0 : speculation.draftedNanos();
    int tokens = 0;
    for (int i = 0; i < work.size(); i++) {
      int appended = work.get(i).tokens();
      RunningCompletion completion = stepping.get(i);
      int drafts = completion.drafts();
      int before = completion.length();
      completion.stepDone(appended, (drafted + nanos) * appended / rows);
      tokens += completion.length() - before;
      if (drafts > 0) {
        speculation.verified(drafts, completion.length() - before - 1);
      }
    }
    if (speculation != null && decodes) {
      speculation.stepped(work.size(), rows, tokens, nanos);
    }
    active.removeIf(this::cacheIfEnded);
    listener.stepped(work.size(), rows, nanos);
    listener.load(waiting.size(), active.size());
  }

  /** Moves the sequence of an ended completion to the cache; returns whether it has ended. */
  private boolean cacheIfEnded(RunningCompletion completion) {
    if (!completion.delivery().ended()) {
      return false;
    }
    cache(completion);
    if (speculation != null) {
      speculation.ended(completion);
    }
    return true;
  }

  // Planning a step.

  private void plan() {
    work.clear();
    stepping.clear();
    int room = PROMPT_ROWS;
    for (RunningCompletion completion : active) {
      if (completion.parent() == null && completion.isDecoding()) {
        stepping.add(completion);
        room = CHUNK_ROWS;
      }
    }
    if (speculation != null) {
      speculation.draft(List.copyOf(stepping));
    }
    stepping.forEach(completion -> work.add(completion.work(1)));
    for (RunningCompletion completion : active) {
      if (completion.parent() == null && !completion.isDecoding() && room > 0) {
        int rows = Math.min(room, Math.min(completion.pending(), tokensToNextFork(completion)));
        plan(completion, rows);
        room -= rows;
      }
    }
  }

  private void plan(RunningCompletion completion, int rows) {
    work.add(completion.work(rows));
    stepping.add(completion);
  }

  /** Number of tokens until another completion forks this one. */
  private int tokensToNextFork(RunningCompletion completion) {
    int rows = Integer.MAX_VALUE;
    for (RunningCompletion child : active) {
      if (child.parent() == completion) {
        rows = Math.min(rows, child.sharedTokens() - completion.sequence().length());
      }
    }
    return rows;
  }

  // Admission.

  private void admit() {
    while (!waiting.isEmpty() && active.size() + reserved < maxSequences) {
      RunningCompletion completion = next();
      waiting.remove(completion);
      active.add(completion);
      start(completion);
    }
  }

  /**
   * The waiting completion of the caller who has the fewest active ones, the first among equal
   * ones: a caller with many completions does not keep others waiting.
   */
  private RunningCompletion next() {
    Map<Object, Integer> counts = new IdentityHashMap<>();
    active.forEach(each -> counts.merge(each.delivery().caller(), 1, Integer::sum));
    return waiting.stream()
        .min(Comparator.comparingInt(each -> counts.getOrDefault(each.delivery().caller(), 0)))
        .orElseThrow();
  }

  /** Gives a completion the sequence that holds, or will hold, the longest prefix of its prompt. */
  private void start(RunningCompletion completion) {
    boolean drawn = engine.reusesDrawnTokens();
    int activePrefix = 0;
    RunningCompletion parent = null;
    boolean mustWait = false;
    for (RunningCompletion other : active) {
      if (other == completion || other.parent() != null || other.sequence() == null) {
        continue;
      }
      int now = other.sharedPrefix(completion, drawn);
      int afterPrefill = other.sharedPrefixAfterPrefill(completion, drawn);
      if (Math.max(now, afterPrefill) > activePrefix) {
        activePrefix = Math.max(now, afterPrefill);
        parent = other;
        mustWait = afterPrefill > now;
      }
    }
    if (activePrefix < MIN_SHARED && activePrefix < completion.promptLength() - 1) {
      parent = null;
      activePrefix = 0;
    }
    CachedSequence cached = bestCached(completion);
    int prefix = cached == null ? 0 : completion.sharedPrefix(cached.ids, cached.ids.length);
    boolean useCache = cached != null && prefix >= activePrefix;
    if (useCache && (2 * prefix >= cached.ids.length || !hasRoom(0))) {
      continueCached(completion, cached, prefix);
    } else if (useCache && prefix >= MIN_SHARED) {
      start(completion, fork(cached.sequence, prefix));
    } else if (parent == null) {
      evict(0);
      start(completion, engine.open());
    } else {
      completion.waitFor(parent, activePrefix);
      if (!mustWait) {
        forkParent(completion);
      }
    }
  }

  /**
   * Whether a sequence for each active completion, the cached and reserved ones, and {@code more}
   * others are at most {@link #maxSequences}.
   */
  private boolean hasRoom(int more) {
    return active.size() + cache.size() + reserved + more <= maxSequences;
  }

  /** Closes cached sequences, least recently used first, until there is room. */
  private void evict(int more) {
    while (!cache.isEmpty() && !hasRoom(more)) {
      cache.removeFirst().sequence.close();
    }
  }

  /** The cached sequence with the longest shared prefix; of equal ones the least recently used. */
  private CachedSequence bestCached(RunningCompletion completion) {
    CachedSequence best = null;
    int longest = -1;
    for (CachedSequence cached : cache) {
      int prefix = completion.sharedPrefix(cached.ids, cached.ids.length);
      if (prefix > longest) {
        longest = prefix;
        best = cached;
      }
    }
    return best;
  }

  private void continueCached(RunningCompletion completion, CachedSequence cached, int tokens) {
    cache.remove(cached);
    if (cached.sequence.length() > tokens) {
      cached.sequence.truncate(tokens);
    }
    start(completion, cached.sequence);
  }

  private void start(RunningCompletion completion, Sequence prefix) {
    listener.started(completion.promptLength(), prefix.length());
    completion.start(prefix);
  }

  /**
   * Forks the sequence of a completion's parent if it holds the shared prefix by now. Starts the
   * completion from another sequence if the parent has ended or no longer holds the prefix, since
   * its context window has slid.
   */
  private void forkParent(RunningCompletion completion) {
    RunningCompletion parent = completion.parent();
    int shared = completion.sharedTokens();
    boolean running = active.contains(parent);
    if (running && parent.sharedPrefix(completion, engine.reusesDrawnTokens()) >= shared) {
      start(completion, fork(parent.sequence(), shared));
    } else if (!running || !parent.isPrefilling()) {
      completion.waitFor(null, 0);
      start(completion);
    }
  }

  private Sequence fork(Sequence sequence, int tokens) {
    evict(0);
    Sequence fork = sequence.fork();
    if (fork.length() > tokens) {
      fork.truncate(tokens);
    }
    return fork;
  }

  private void cache(RunningCompletion completion) {
    if (completion.sequence() == null) {
      return;
    }
    int[] ids = completion.reusableIds(engine.reusesDrawnTokens());
    cache.add(new CachedSequence(completion.releaseSequence(), ids));
    if (cache.size() > maxCached) {
      cache.removeFirst().sequence.close();
    }
  }

  // Reservations.

  /**
   * Reserves room for sequences that a client opens itself.
   *
   * @return false if there is no room now
   */
  boolean reserve(int sequences) {
    evict(sequences);
    boolean alone = active.isEmpty() && reserved == 0; // a lone client may exceed maxSequences
    if (!alone && !hasRoom(sequences)) {
      return false;
    }
    reserved += sequences;
    return true;
  }

  /** Releases a reservation. */
  void release(int sequences) {
    reserved -= sequences;
  }

  /** Ends all completions with an error, and closes all sequences. */
  void fail(RuntimeException e) {
    waiting.forEach(completion -> completion.delivery().fail(e));
    active.forEach(completion -> completion.delivery().fail(e));
    close();
  }

  /** Closes all sequences, but not the engine. */
  @Override
  public void close() {
    if (speculation != null) {
      active.forEach(speculation::ended);
    }
    for (RunningCompletion completion : active) {
      if (completion.sequence() != null) {
        completion.releaseSequence().close();
      }
    }
    active.clear();
    waiting.clear();
    cache.forEach(cached -> cached.sequence.close());
    cache.clear();
  }
}
