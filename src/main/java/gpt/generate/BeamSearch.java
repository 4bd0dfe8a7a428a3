package gpt.generate;

import gpt.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Beam search as Hugging Face's {@code generate(num_beams=B, early_stopping=False)} does it.
 *
 * <p>At each step the 2·B best pairs of a beam and a next token are the candidates, (1 + E)·B where
 * there are more than one end ids, E. One that ends its text, with an end id or a stop string, is
 * finished if it is among the best B of them, with the score sum / length^lengthPenalty; else it is
 * dropped. The B best of the others are the next beams: there are always enough, since a beam has E
 * end ids, unless stop strings or the vocabulary leave fewer. The B best finished texts are kept.
 * The search ends when there are B of them and the best next beam's score, at its present length,
 * is no better than the worst of them: it is a heuristic, as a longer text's score can still rise
 * where the penalty is above 0. After maxNewTokens tokens, or where the context is full, the best B
 * candidates are finished as they are.
 */
final class BeamSearch {
  private final Request request;
  private final Beams beams;
  private final Tokenizer tokenizer;
  private final int blockSize;

  /** The best first; among equals the one that was finished first. */
  private final List<Finished> finished = new ArrayList<>();

  private record Finished(int[] ids, double score) {}

  /** A text that is being extended; text is null where there are no stop strings. */
  private record Beam(int[] ids, TextStream text) {
    Beam with(int id) {
      int[] more = Arrays.copyOf(ids, ids.length + 1);
      more[ids.length] = id;
      TextStream longer = text == null ? null : text.copy();
      if (longer != null) {
        longer.add(id);
      }
      return new Beam(more, longer);
    }

    boolean stopped() {
      return text != null && text.stopped();
    }
  }

  /**
   * A search that has not begun.
   *
   * @param tokenizer may be null: then there are ids only
   */
  BeamSearch(Request request, Beams beams, Tokenizer tokenizer, int blockSize) {
    this.request = request;
    this.beams = beams;
    this.tokenizer = tokenizer;
    this.blockSize = blockSize;
  }

  /**
   * Makes the search.
   *
   * @param scores takes the texts' scores
   * @return the texts, none of them delivered yet, the best first
   */
  List<Delivery> run(BeamSteps steps, Listener listener, List<Double> scores) {
    int[] prompt = request.promptIds();
    // The last token of a text is not appended to its context.
    int most = Math.min(request.maxNewTokens(), blockSize - prompt.length + 1);
    long begin = System.nanoTime();
    long prefilled = begin;
    if (most == 0) {
      finished.add(new Finished(new int[0], 0));
    } else {
      Candidate[] first = steps.start(prompt);
      prefilled = System.nanoTime();
      search(steps, listener, first, most);
    }
    long decode = System.nanoTime() - prefilled;
    List<Delivery> deliveries = new ArrayList<>();
    int completions = Math.min(request.samples(), finished.size());
    for (Finished best : finished.subList(0, completions)) {
      Delivery delivery = new Delivery(request, tokenizer, listener, deliveries.size());
      if (best.ids.length > 0) {
        boolean none = !deliveries.isEmpty(); // the prompt is processed once for all
        delivery.started(prefilled - begin, none ? 0 : prompt.length, none ? 0 : prefilled - begin);
        delivery.decoded(decode / completions);
      }
      for (int i = 0; i < best.ids.length; i++) {
        delivery.take(
            best.ids[i], prompt.length + i >= blockSize, Optional.empty(), Optional.empty());
      }
      deliveries.add(delivery);
      scores.add(best.score);
    }
    return deliveries;
  }

  private void search(BeamSteps steps, Listener listener, Candidate[] first, int most) {
    TextStream text =
        request.stops().isEmpty()
            ? null
            : new TextStream(tokenizer, request.promptIds(), request.stops());
    List<Beam> running = List.of(new Beam(new int[0], text));
    Candidate[] candidates = first;
    for (int length = 1; ; length++) {
      listener.searched();
      List<Beam> next = new ArrayList<>();
      List<Integer> picked = new ArrayList<>();
      for (int rank = 0; rank < candidates.length && next.size() < beams.beams(); rank++) {
        Candidate candidate = candidates[rank];
        Beam beam = running.get(candidate.beam()).with(candidate.id());
        boolean end = request.ends(candidate.id());
        if (!end && !beam.stopped() && length < most) {
          next.add(beam);
          picked.add(rank);
        } else if (rank < beams.beams()) {
          finish(beam.ids, candidate.score());
        }
      }
      if (next.isEmpty() || isDone(candidates[picked.getFirst()].score(), length)) {
        return;
      }
      running = next;
      candidates = steps.next(picked.stream().mapToInt(i -> i).toArray());
    }
  }

  private double score(double sum, int length) {
    return sum / Math.pow(length, beams.lengthPenalty());
  }

  /** Keeps a text if it is among the B best; an equal one that came before stays before. */
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
