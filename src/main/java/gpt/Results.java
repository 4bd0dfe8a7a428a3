package gpt;

import gpt.generate.FinishedCompletion;
import gpt.sampling.ChainTrace;
import gpt.sampling.Logprobs;
import gpt.tokenizer.Vocabulary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Converts what an engine returns to the public types. */
record Results(Vocabulary vocabulary) {

  Completion completion(FinishedCompletion finished, Options options) {
    List<List<Candidate>> top = new ArrayList<>();
    for (Logprobs each : finished.logprobs()) {
      top.add(options.topLogprobs() == 0 ? List.of() : candidates(each));
    }
    return new Completion(
        finished.text() == null ? "" : finished.text(),
        Arrays.stream(finished.ids()).boxed().toList(),
        finished.logprobs().stream().map(Logprobs::chosen).toList(),
        List.copyOf(top),
        finished.stopReason(),
        finished.score().orElse(Double.NaN),
        finished.timings());
  }

  /** The candidates of a step, with {@code top} of the likeliest tokens. */
  Candidates candidates(ChainTrace trace, int top) {
    int vocabSize = trace.logits().length;
    Logprobs likeliest =
        Logprobs.of(trace.logits(), vocabSize, trace.chosen(), Math.min(top, vocabSize));
    return new Candidates(
        candidates(likeliest),
        trace.logits(),
        trace.probabilities(),
        trace.stages().stream()
            .map(
                stage ->
                    new Candidates.Step(
                        stage.step().setting(trace.parameters()), stage.probabilities()))
            .toList(),
        candidate(trace.chosen(), likeliest.chosen()));
  }

  private List<Candidate> candidates(Logprobs logprobs) {
    List<Candidate> candidates = new ArrayList<>();
    for (int i = 0; i < logprobs.ids().length; i++) {
      candidates.add(candidate(logprobs.ids()[i], logprobs.values()[i]));
    }
    return List.copyOf(candidates);
  }

  private Candidate candidate(int id, double logprob) {
    String text = vocabulary.text(id);
    return new Candidate(id, text == null ? String.valueOf(id) : text, logprob);
  }
}
