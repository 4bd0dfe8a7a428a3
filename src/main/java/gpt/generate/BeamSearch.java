package gpt.generate;

import gpt.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

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
 *   <li>After maxNewTokens tokens, or where the context window is full, the best B candidates are
 *       finished as they are.
 * </ol>
 */
final class BeamSearch {
  private final Request request;
  private final Beams beams;
  private final Tokenizer tokenizer;
  private final int blockSize;

  /** Best first; of equal scores the one finished first. */
  private final List<Finished> finished = new ArrayList<>();

  private record Finished(int[] ids, double score) {}

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
   * @param tokenizer may be null: then completions have ids only
   */
  BeamSearch(Request request, Beams beams, Tokenizer tokenizer, int blockSize) {
    this.request = request;
    this.beams = beams;
    this.tokenizer = tokenizer;
    this.blockSize = blockSize;
  }

  /**
   * Runs the search, once.
   *
   * @param scores receives the completions' scores
   * @return the completions, best first, not delivered to the listener yet
   */
  List<Delivery> run(BeamSteps steps, Listener listener, List<Double> scores) {
    int[] prompt = request.promptIds();
    // The last token of a completion is not appended to its sequence.
    int maxLength = Math.min(request.maxNewTokens(), blockSize - prompt.length + 1);
    long begin = System.nanoTime();
    long prefilled = begin;
    if (maxLength == 0) {
      finished.add(new Finished(new int[0], 0));
    } else {
      Candidate[] first = steps.start(prompt);
      prefilled = System.nanoTime();
      search(steps, listener, first, maxLength);
    }
    long decode = System.nanoTime() - prefilled;
    List<Delivery> deliveries = new ArrayList<>();
    int completions = Math.min(request.samples(), finished.size());
    for (Finished best : finished.subList(0, completions)) {
      Delivery delivery = new Delivery(request, tokenizer, listener, deliveries.size());
      if (best.ids.length > 0) {
        boolean first = deliveries.isEmpty(); // the shared prefill counts once
        long prefill = prefilled - begin;
        delivery.recordPrefill(prefill, first ? prompt.length : 0, first ? prefill : 0);
        delivery.recordDecode(decode / completions);
      }
      for (int i = 0; i < best.ids.length; i++) {
        delivery.add(
            best.ids[i], prompt.length + i >= blockSize, Optional.empty(), Optional.empty());
      }
      deliveries.add(delivery);
      scores.add(best.score);
    }
    return deliveries;
  }

  private void search(BeamSteps steps, Listener listener, Candidate[] first, int maxLength) {
    TextStream text =
        request.stops().isEmpty()
            ? null
            : new TextStream(tokenizer, request.promptIds(), request.stops());
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
        boolean end = request.ends(candidate.id());
        if (!end && !beam.stopped() && length < maxLength) {
          next.add(beam);
          picked.add(rank);
          fates[rank] = BeamStep.Fate.KEPT;
        } else if (rank < beams.beams()) {
          finish(beam.ids, candidate.score());
          fates[rank] = BeamStep.Fate.ENDED;
        }
      }
      listener.searched(step(candidates, fates));
      if (next.isEmpty() || isDone(candidates[picked.getFirst()].score(), length)) {
        return;
      }
      running = next;
      candidates = steps.next(picked.stream().mapToInt(i -> i).toArray());
    }
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
    finished.add(at, new Finished(ids, score));
    if (finished.size() > beams.beams()) {
      finished.removeLast();
    }
  }

  private boolean isDone(double bestRunning, int length) {
    return finished.size() == beams.beams()
        && finished.getLast().score >= score(bestRunning, length);
  }
}
