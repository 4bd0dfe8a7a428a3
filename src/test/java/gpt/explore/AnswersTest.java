package gpt.explore;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class AnswersTest {
  @Test
  void countsAndOrders() {
    Answers answers = Answers.of(List.of("b", "a", "a\nb", "a", "c"));
    assertEquals(5, answers.samples());
    assertEquals(
        List.of("a", "b", "a\nb", "c"), answers.answers().stream().map(a -> a.text()).toList());
    assertEquals(0.4, answers.answers().getFirst().share());
    assertEquals(2, answers.answers().getFirst().count());
  }

  /** Bounds from Newcombe (1998), table I, method 3. */
  @Test
  void intervalsAreWilsons() {
    Answers answers =
        Answers.of(
            Stream.of(Collections.nCopies(81, "a"), Collections.nCopies(182, "b"))
                .flatMap(List::stream)
                .toList());
    assertEquals(0.2553, answers.answers().get(1).low(), 5e-5);
    assertEquals(0.3662, answers.answers().get(1).high(), 5e-5);
    Answers.Answer all = Answers.of(Collections.nCopies(20, "a")).answers().getFirst();
    assertEquals(1, all.high());
    assertEquals(0.8389, all.low(), 5e-5); // 0 of 20: 0 to 0.1611
  }
}
