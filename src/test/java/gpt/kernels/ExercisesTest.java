package gpt.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.kernels.Exercises.Exercise;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** The exercises: unsolved, solved, and solved wrongly. */
class ExercisesTest {
  static final List<Exercise> ALL = Exercises.ALL;

  private static final String HOLE = ExerciseCommand.HOLE;

  @TempDir Path folder;

  private static String solution(Exercise exercise) throws IOException {
    return Files.readString(Path.of("src/test/java/gpt/exercises", exercise.type() + ".java"));
  }

  /** The solution with the hole. */
  private static String withHole(Exercise exercise) throws IOException {
    return solution(exercise).replaceFirst("(?s)// solution\n.*// end\n", HOLE + "\n");
  }

  private record Checked(boolean solved, String line) {}

  private Checked check(Exercise exercise, String source) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Path file = Path.of("src/exercises", exercise.type() + ".java");
    boolean solved = ExerciseCommand.check(exercise, file, source, folder, new PrintStream(out));
    return new Checked(solved, out.toString().strip());
  }

  /** Replaces lines of a solution. */
  private Checked wrongly(int number, String right, String wrong) throws Exception {
    Exercise exercise = ALL.get(number - 1);
    String source = solution(exercise);
    assertTrue(source.contains(right), source);
    return check(exercise, source.replace(right, wrong));
  }

  @ParameterizedTest
  @FieldSource("ALL")
  void anExerciseIsItsSolutionWithAHole(Exercise exercise) throws Exception {
    String file = Files.readString(Path.of("src/exercises", exercise.type() + ".java"));
    if (file.contains(HOLE)) { // else a reader has solved it
      assertEquals(withHole(exercise), file);
    }
    Checked checked = check(exercise, withHole(exercise));
    assertFalse(checked.solved());
    assertEquals(
        "exercise %d: not solved yet: src/exercises/%s.java still has the line // your code"
            .formatted(exercise.number(), exercise.type()),
        checked.line());
  }

  /** All in one compilation, which takes longest. */
  @Test
  void solutionsPass() throws Exception {
    Map<String, String> sources = new HashMap<>();
    for (Exercise exercise : ALL) {
      sources.put(exercise.type(), solution(exercise));
    }
    try (ExerciseCode code = ExerciseCode.compile(sources, folder)) {
      for (Exercise exercise : ALL) {
        assertEquals(Optional.empty(), ExerciseCheck.wrong(exercise, code), exercise.toString());
      }
    }
  }

  @Test
  void holesCompile() throws Exception {
    Map<String, String> sources = new HashMap<>();
    for (Exercise exercise : ALL) {
      sources.put(exercise.type(), withHole(exercise));
    }
    ExerciseCode.compile(sources, folder).close();
  }

  @Test
  void aSolutionIsAsGoodAsItself() throws Exception {
    Checked checked = check(ALL.get(2), solution(ALL.get(2)));
    assertTrue(checked.solved(), checked.line());
    assertEquals(
        "exercise 3: solved. It touches 810 sectors for 20,520 bytes, as the solution does"
            + " (810); the kernels have it as WarpProjection.rowPerWarpLocal",
        checked.line());
  }

  @Test
  void anAccessOutOfBoundsIsNamed() throws Exception {
    Checked checked = wrongly(1, "i < k", "i <= k");
    assertFalse(checked.solved());
    assertTrue(
        checked
            .line()
            .contains(
                "reads w[1] (argument 3, FloatArray of 1), which is out of bounds at"
                    + " Exercise01.java:"),
        checked.line());
  }

  @Test
  void aMissingBarrierIsNoticed() throws Exception {
    Checked checked = wrongly(3, "context.localBarrier();", "");
    assertFalse(checked.solved());
    assertTrue(checked.line().startsWith("exercise 3: w ("), checked.line());
  }

  @Test
  void loadsThatAreNotCoalescedAreRightButNotThereYet() throws Exception {
    Checked checked =
        wrongly(
            3,
            "int i = lane; i < k; i += LANES",
            "int i = lane * k / LANES; i < (lane + 1) * k / LANES; i++");
    assertEquals(
        "exercise 3: right, but not there yet: it takes 5,130 sectors of global memory; the"
            + " solution takes 810",
        checked.line());
  }

  @Test
  void aSingleSumIsRightButNotThereYet() throws Exception {
    assertEquals(
        "exercise 2: right, but not there yet: the results have the bits of a single sum",
        wrongly(2, "i < k - 3", "i < 0").line());
  }

  @Test
  void aResultThatIsNotStoredIsNamed() throws Exception {
    assertTrue(
        wrongly(1, "y.set(row, sum);", "")
            .line()
            .matches(".*element 0 is 12345.678, expected -?[0-9.]+: nothing was stored there"));
  }

  @Test
  void theWrongOneOfTwoEqualLogitsIsNoticed() throws Exception {
    Checked checked = wrongly(7, "ids[lane] = Math.min(ids[lane], otherId);", "");
    assertTrue(
        checked.line().matches("exercise 7: logits .*element 0 is \\d+, expected \\d+"),
        checked.line());
  }

  /** Lanes without a logit, whose id would be 0. */
  @Test
  void uninitializedLocalMemoryIsNoticed() throws Exception {
    Checked checked =
        wrongly(7, "largest[lane] = best;", "if (best > MIN_LOGIT) largest[lane] = best;");
    assertTrue(
        checked.line().startsWith("exercise 7: logits (37) (seed 1): kernel"), checked.line());
  }

  /** Java fills it with zeros, TornadoVM does not. */
  @Test
  void anUninitializedArrayOfAWorkItemIsNoticed() throws Exception {
    Checked checked = wrongly(9, "sums[i] = 0;", "");
    assertTrue(
        checked.line().matches(".* is NaN, expected .*; is an array read before it is written\\?"),
        checked.line());
  }

  @Test
  void whatDoesNotCompileIsNamed() throws Exception {
    Checked checked = wrongly(2, "i += 4;", "i += four;");
    assertTrue(
        checked.line().matches("exercise 2: Exercise02.java:\\d+: cannot find symbol"),
        checked.line());
  }
}
