package gpt.cli.output;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.OnFull;
import gpt.Timings;
import gpt.cli.Errors;
import gpt.cli.output.explore.TokenLosses;
import gpt.explore.TokenScore;
import gpt.generate.Request;
import gpt.generate.Requests;
import gpt.model.ParameterCounts;
import gpt.model.Tensor;
import gpt.model.Weights;
import gpt.sampling.SamplingParameters;
import gpt.tokenizer.Tokenizer;
import gpt.tokenizer.Tokenizers;
import gpt.tokenizer.Vocabulary;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Lines and figures that the commands compute before they print them. */
class OutputTest {
  @Test
  void theSpeedLine() {
    assertEquals(
        "prompt 6 tokens, 1200 tokens/s; decode 199 tokens, 99.5 tokens/s; first token after 0.12"
            + " s",
        SpeedLine.of(new Timings(0.123, 6, 0.005, 199, 2), Optional.empty()));
    assertEquals(
        "prompt 1 token, 10.0 tokens/s; decode 0 tokens; first token after 0.10 s",
        SpeedLine.of(new Timings(0.1, 1, 0.1, 0, 0), Optional.empty()));
  }

  /** In any language: a closed pipe's message is the C library's. */
  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "it has no sh")
  void aClosedPipeIsRecognised() throws Exception {
    Process deaf = new ProcessBuilder("sh", "-c", "exec <&-; echo; exec sleep 60").start();
    try (OutputStream in = deaf.getOutputStream()) {
      assertEquals('\n', deaf.getInputStream().read());
      in.write(1);
      IOException closed = assertThrows(IOException.class, in::flush);
      assertTrue(StandardOutput.isClosedPipe(closed), closed::toString);
    } catch (IOException e) {
      // Closing it fails as the flush did.
    } finally {
      deaf.destroy();
    }
    assertFalse(StandardOutput.isClosedPipe(new IOException("No space left on device")));
    assertFalse(StandardOutput.isClosedPipe(new IOException()));
  }

  @Test
  void aPromptsIncompleteCharacterIsNotPrinted() {
    Tokenizer gpt2 = Tokenizers.forModel(Optional.empty(), 50257).orElseThrow();
    for (String text : List.of("To be", "\n", "né \uD83D\uDE42")) {
      assertEquals(text, prompt(gpt2, gpt2.encode(text)));
    }
    assertEquals("", prompt(gpt2, 8582)); // two of a character's four bytes
    assertEquals("!", prompt(gpt2, 0, 8582));
    assertEquals("\uFFFD!", prompt(gpt2, 8582, 0));
  }

  private static String prompt(Tokenizer tokenizer, int... ids) {
    SamplingParameters greedy = new SamplingParameters(0, 0, 0);
    Request request =
        Requests.of(ids, 1, OptionalInt.empty(), List.of(), OnFull.SLIDE, greedy, 0, 1);
    return new TextPrinter(Optional.of(tokenizer), request).prompt();
  }

  @Test
  void theAdviceNamesTheMemoryThatRanOut() {
    assertTrue(Errors.memoryAdvice("Java heap space").contains("-Xmx"));
    assertTrue(Errors.memoryAdvice("GC overhead limit exceeded").contains("-Xmx"));
    String outside = Errors.memoryAdvice("Cannot reserve 8 bytes of direct buffer memory");
    assertTrue(outside.contains("-XX:MaxDirectMemorySize") && !outside.contains("-Xmx"), outside);
    String machine = Errors.memoryAdvice("Cannot reserve 8 bytes of direct memory");
    assertTrue(machine.contains("machine") && !machine.contains("-XX"), machine);
    String threads = Errors.memoryAdvice("unable to create native thread: possibly out of memory");
    assertTrue(threads.contains("--threads") && !threads.contains("-Xmx"), threads);
  }

  @Test
  void theBar() {
    assertEquals("loading [" + " ".repeat(30) + "]   0%", ProgressBar.bar("loading", 0));
    assertEquals(
        "loading [" + "=".repeat(15) + " ".repeat(15) + "]  50%", ProgressBar.bar("loading", 0.5));
    assertEquals("loading [" + "=".repeat(30) + "] 100%", ProgressBar.bar("loading", 1.01));
  }

  @Test
  void theTimeLeft() {
    assertEquals("batch", ProgressBar.bar("batch", Double.NaN), "of unknown length");
    assertEquals("0 s left", ProgressBar.timeLeft(-0.1));
    assertEquals("59 s left", ProgressBar.timeLeft(59.4));
    assertEquals("1:00 min left", ProgressBar.timeLeft(59.6));
    assertEquals("59:59 min left", ProgressBar.timeLeft(3599));
    assertEquals("2:05 h left", ProgressBar.timeLeft(2 * 3600 + 5 * 60 + 59));
  }

  private static TokenScore score(double loss, int rank, int other, double otherLoss) {
    return new TokenScore(loss, rank, new int[] {other}, new double[] {otherLoss});
  }

  @Test
  void tokensLossesAsCsv() {
    Tokenizer gpt2 = Tokenizers.forModel(Optional.empty(), 50257).orElseThrow();
    // A comma and a line end are quoted; two bytes of a four-byte character are escaped.
    int[] ids = {gpt2.encode(",")[0], gpt2.encode("\n")[0], gpt2.encode("\"")[0], 8582, 50256};
    TokenScore[] scores = {
      null,
      score(0.25, 1, 11, 2),
      score(Double.POSITIVE_INFINITY, 4, 198, 0),
      score(3, 2, 50256, 0.5),
      score(0, 1, 1, 700)
    };
    TokenLosses with = new TokenLosses(ids, scores, new Vocabulary(Optional.of(gpt2)));
    String header = "id,token,loss,probability,rank,other_id,other_token,other_probability\n";
    assertEquals(
        header
            + "11,\",\",,,,,,\n"
            + "198,\"\n\",0.25,0.7788007830714049,1,11,\",\",0.1353352832366127\n"
            + "1,\"\"\"\",inf,0.0,4,198,\"\n\",1.0\n",
        with.csv(1, 3));
    assertEquals(
        "8582,\\xF0\\x9F,3.0,0.049787068367863944,2,50256,<|endoftext|>,0.6065306597126334\n"
            + "50256,<|endoftext|>,0.0,1.0,1,1,\"\"\"\",9.85967654375977E-305\n",
        with.csv(3, 5));
    TokenLosses without = new TokenLosses(ids, scores, new Vocabulary(Optional.empty()));
    assertEquals(
        header + "11,,,,,,,\n198,,0.25,0.7788007830714049,1,11,,0.1353352832366127\n",
        without.csv(1, 2));
  }

  @Test
  void parametersAreCountedOnce() {
    Weights tied = weights(false);
    ParameterCounts counts = ParameterCounts.of(tied);
    // wte 5·2, wpe 3·2, two blocks without biases 2 + 12 + 4 + 2 + 16 + 16, ln_f 2
    assertEquals(52, counts.block());
    assertEquals(10 + 6 + 104 + 2, counts.total());
    assertEquals(counts.total() - 6, counts.nanoGpt());
    assertEquals(4 * counts.total(), counts.storedBytes());
    assertEquals(0, counts.parts().get("lm_head"));

    ParameterCounts untied = ParameterCounts.of(weights(true));
    assertEquals(counts.total() + 10, untied.total());
    assertEquals(10, untied.parts().get("lm_head"));
  }

  private static Weights weights(boolean ownHead) {
    Tensor wte = matrix(5, 2);
    Weights.LayerNorm norm = new Weights.LayerNorm(Tensor.vector("ln", 1, 1), null);
    Weights.Block block =
        new Weights.Block(
            norm,
            new Weights.Attention(linear(6, 2), linear(2, 2)),
            norm,
            new Weights.Mlp(linear(8, 2), linear(2, 8)));
    return new Weights(
        wte, matrix(3, 2), List.of(block, block), norm, ownHead ? matrix(5, 2) : wte);
  }

  private static Weights.Linear linear(int out, int in) {
    return new Weights.Linear(matrix(out, in), null);
  }

  private static Tensor matrix(int rows, int columns) {
    return Tensor.matrix("w", rows, columns, new float[rows * columns]);
  }
}
