package gpt.generate.beam;

import gpt.engine.Engine;
import gpt.sampling.Drawing;
import gpt.tokenizer.TextStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * Beam search as Hugging Face's {@code generate(num_beams=B, early_stopping=False)} does it.
 *
 * <p>B is the number of beams, E the number of end ids. A candidate is a beam and a next token.
 *
 * <ol>
 *   <li>Each step ranks the max(2, 1 + E)·B best candidates by the sum of their log-probabilities.
 *   <li>A candidate that ends, with an end id or a stop string, is finished if it is among the best
 *       B, with the score sum / length^lengthPenalty; otherwise it is dropped. The best B finished
 *       completions are kept.
 *   <li>The best B candidates that do not end are the next beams. There are always B of them, since
 *       each beam has only E end ids, unless stop strings or a small vocabulary leave fewer.
 *   <li>The search ends when B completions are finished and the best next beam's score at its
 *       current length is not above the worst of them. This is a heuristic: with a length penalty
 *       above 0 a longer completion's score can still rise.
 *   <li>After {@code maxNewTokens} tokens, or where the context window is full, the best B
 *       candidates are finished as they are.
 * </ol>
 */
public final class BeamSearch {
  private final Drawing drawing;
  private final Beams beams;
  private final TextStream text;

  /** Best first; of equal scores the one finished first. */
  private final List<Found> finished = new ArrayList<>();

  private long prefillNanos;
  private long decodeNanos;

  /**
   * A completion that the search found.
   *
   * @param ids all its new ids
   * @param score higher is better
   */
  public record Found(int[] ids, double score) {}

  /** A beam's new ids, and their text; null without stop strings. */
  private record Beam(int[] ids, TextStream text) {
    Beam append(int id) {
      int[] longer = Arrays.copyOf(ids, ids.length + 1);
      longer[ids.length] = id;
      TextStream longerText = text == null ? null : text.copy();
      if (longerText != null) {
        longerText.add(id);
      }
      return new Beam(longer, longerText);
    }

    boolean stopped() {
      return text != null && text.stopped();
    }
  }

  /**
   * Prepares a search.
   *
   * @param drawing the prompt, 1 to block_size ids, and how it is continued: temperature 0 without
   *     penalties
   * @param text finds the stop strings; null without any
   */
  public BeamSearch(Drawing drawing, Beams beams, TextStream text) {
    this.drawing = drawing;
    this.beams = beams;
    this.text = text;
  }

  /**
   * Runs the search, once.
   *
   * @param engine has room for a sequence for each beam
   * @param listener receives each step
   * @return the completions, at most one for each beam, best first
   */
  public List<Found> run(Engine engine, int maxNewTokens, Consumer<BeamStep> listener) {
    // The last token of a completion is not appended to its sequence.
    int room = engine.config().blockSize() - drawing.prompt().length + 1;
    int maxLength = Math.min(maxNewTokens, room);
    if (maxLength == 0) {
      return List.of(new Found(new int[0], 0));
    }
    try (BeamSteps steps = new BeamSteps(engine, drawing, beams.beams())) {
      long begin = System.nanoTime();
      Candidate[] first = steps.start(drawing.prompt());
      prefillNanos = System.nanoTime() - begin;
      search(steps, listener, first, maxLength);
      decodeNanos = System.nanoTime() - begin - prefillNanos;
    }
    return finished;
  }

  /** Duration of the prompt's step. */
  public long prefillNanos() {
    return prefillNanos;
  }

  /** Duration of all further steps. */
  public long decodeNanos() {
    return decodeNanos;
  }

  private void search(
      BeamSteps steps, Consumer<BeamStep> listener, Candidate[] first, int maxLength) {
    List<Beam> running = List.of(new Beam(new int[0], text));
    Candidate[] candidates = first;
    for (int length = 1; ; length++) {
      List<Beam> next = new ArrayList<>();
      List<Integer> picked = new ArrayList<>();
      BeamStep.Fate[] fates = new BeamStep.Fate[candidates.length];
      Arrays.fill(fates, BeamStep.Fate.DROPPED);
      for (int rank = 0; rank < candidates.length && next.size() < beams.beams(); rank++) {
        Candidate candidate = candidates[rank];
        Beam beam = running.get(candidate.beam()).append(candidate.id());
        boolean end = ends(candidate.id());
        if (!end && !beam.stopped() && length < maxLength) {
          next.add(beam);
          picked.add(rank);
          fates[rank] = BeamStep.Fate.KEPT;
        } else if (rank < beams.beams()) {
          finish(beam.ids, candidate.score());
          fates[rank] = BeamStep.Fate.ENDED;
        }
      }
      listener.accept(step(candidates, fates));
      if (next.isEmpty() || isDone(candidates[picked.getFirst()].score(), length)) {
        return;
      }
      running = next;
      candidates = steps.next(picked.stream().mapToInt(i -> i).toArray());
    }
  }

  private boolean ends(int id) {
    return Arrays.stream(drawing.stopIds()).anyMatch(end -> end == id);
  }

  private static BeamStep step(Candidate[] candidates, BeamStep.Fate[] fates) {
    List<BeamStep.Ranked> ranked = new ArrayList<>();
    for (int i = 0; i < fates.length; i++) {
      Candidate each = candidates[i];
      ranked.add(new BeamStep.Ranked(each.beam(), each.id(), each.score(), fates[i]));
    }
    return new BeamStep(ranked);
  }

  private double score(double sum, int length) {
    return sum / Math.pow(length, beams.lengthPenalty());
  }

  /** Keeps a completion if it is among the best B; it ranks below earlier ones of equal score. */
  private void finish(int[] ids, double sum) {
    double score = score(sum, ids.length);
    int at = finished.size();
    while (at > 0 && finished.get(at - 1).score < score) {
      at--;
    }
    finished.add(at, new Found(ids, score));
    if (finished.size() > beams.beams()) {
      finished.removeLast();
    }
  }

  private boolean isDone(double bestRunning, int length) {
    return finished.size() == beams.beams()
        && finished.getLast().score >= score(bestRunning, length);
  }
}
