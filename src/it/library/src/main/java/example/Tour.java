package example;

import static gpt.LoadOptions.loadOptions;
import static gpt.Options.options;

import gpt.Candidate;
import gpt.Candidates;
import gpt.Completion;
import gpt.Gpt;
import gpt.GptException;
import gpt.Loss;
import gpt.OnFull;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** The examples of src/site/markdown/library.md; lines that begin with an arrow are printed. */
public final class Tour {
  private Tour() {}

  /** Runs them all. */
  public static void main(String[] args) throws Exception {
    try (Gpt gpt = Gpt.load("shakespeare-char")) {
      complete(gpt);
      stream(gpt);
      completions(gpt);
      search(gpt);
      look(gpt);
      cancel(gpt);
      share(gpt);
      fail(gpt);
    }
    load();
  }

  private static void complete(Gpt gpt) {
    Completion completion = gpt.complete("ROMEO:\n", options().greedy().maxNewTokens(19));
    System.out.println(completion.text());
    System.out.println(completion.stopReason() + " after " + completion.ids().size() + " tokens");
    // → I would not the sea
    // → MAX_NEW_TOKENS after 19 tokens
  }

  private static void stream(Gpt gpt) {
    gpt.stream("To be", options().stop("\n"), token -> System.out.print(token.text()));
    System.out.println();
    // → lly for my wife's made by my lust

    StringBuilder start = new StringBuilder();
    gpt.streamWhile(
        "To be",
        options(),
        token -> {
          start.append(token.text());
          return start.length() < 12;
        });
    System.out.println(start);
    // → lly for my w
  }

  private static void completions(Gpt gpt) {
    List<Completion> three =
        gpt.completions("To be", options().samples(3).maxNewTokens(20).stop("\n"));
    three.forEach(each -> System.out.println("To be" + each.text()));
    // → To belly for my wife's ma
    // → To be fought!
    // → To be; it is a tan censur
  }

  private static void search(Gpt gpt) {
    List<Completion> best =
        gpt.completions("To be", options().beams(4).samples(2).maxNewTokens(20));
    best.forEach(each -> System.out.printf("%.3f %s%n", each.score(), each.text()));
    // → -0.671 lieve that the world
    // → -0.753 lieve that the commo
  }

  private static void look(Gpt gpt) {
    Candidates next = gpt.next("The king is d", options().topK(3), 4);
    for (Candidate each : next.top()) {
      System.out.printf("%s %.3f%n", each.text(), Math.exp(each.logprob()));
    }
    System.out.println("drawn: " + next.chosen().text());
    // → e 0.466
    // → o 0.184
    // → i 0.174
    // → a 0.097
    // → drawn: o

    Loss loss = gpt.loss("To be, or not to be: that is the question.");
    System.out.printf("%.3f nats, perplexity %.2f%n", loss.nats(), loss.perplexity());
    // → 1.365 nats, perplexity 3.91

    int[] ids = gpt.tokens("To be");
    System.out.println(Arrays.toString(ids) + " " + gpt.detokenize(ids));
    // → [32, 53, 1, 40, 43] To be

    float[][] weights = gpt.attention("To be", 2, 1);
    System.out.printf("the last token attends to the first by %.3f%n", weights[4][0]);
    // → the last token attends to the first by 0.015
  }

  private static void cancel(Gpt gpt) {
    Future<Completion> future = gpt.submit("KING", options().maxNewTokens(1_000_000));
    future.cancel(true);
    System.out.println("cancelled: " + future.isCancelled());
    // → cancelled: true
  }

  private static void share(Gpt gpt) throws Exception {
    Completion alone = gpt.complete("ROMEO:", options().maxNewTokens(30));
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Completion>> calls = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        calls.add(threads.submit(() -> gpt.complete("ROMEO:", options().maxNewTokens(30))));
      }
      for (Future<Completion> call : calls) {
        System.out.println(call.get().logprobs().equals(alone.logprobs()));
      }
    }
    // → true
    // → true
    // → true
  }

  private static void fail(Gpt gpt) {
    try {
      gpt.attention("To be", 6, 0);
    } catch (GptException e) {
      System.out.println(e.getMessage());
      // → this model's layers go from 0 to 5, found 6
    }
  }

  private static void load() {
    try (Gpt gpt =
        Gpt.load(
            "shakespeare-char",
            loadOptions().device("cpu").dtype("i8").threads(1).maxSequences(8))) {
      System.out.println(gpt.device() + " " + gpt.dtype() + " " + gpt.contextLength());
      // → cpu i8 256
      Completion full = gpt.complete("KING", options().onFull(OnFull.STOP).maxNewTokens(1000));
      System.out.println(full.stopReason());
      // → CONTEXT_FULL
    }
  }
}
