package gpt.kernels;

import gpt.GptException;
import gpt.backend.tornado.TornadoDevices;
import gpt.benchmarks.Devices;
import gpt.kernels.Exercises.Exercise;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import uk.ac.manchester.tornado.api.emulator.Traffic;

/** {@code scripts/exercise}: checks an exercise of {@code src/exercises}. */
public final class ExerciseCommand {
  /** The line that a reader replaces. */
  static final String HOLE = "// your code";

  private static final Path FOLDER = Path.of("src", "exercises");

  private ExerciseCommand() {}

  /** Exit status: 2 for a wrong command line, 1 for an exercise that is not solved. */
  public static void main(String[] args) throws Exception {
    int number = args.length > 0 && args[0].matches("\\d{1,2}") ? Integer.parseInt(args[0]) : 0;
    boolean device = args.length == 3 && args[1].equals("--device");
    if (number < 1 || number > Exercises.ALL.size() || args.length != 1 && !device) {
      System.err.println(
          "exercise: expected scripts/exercise NUMBER [--device BACKEND:DEVICE], NUMBER from 1 to "
              + Exercises.ALL.size());
      System.exit(2);
    }
    Exercise exercise = Exercises.ALL.get(number - 1);
    Path file = FOLDER.resolve(exercise.type() + ".java");
    Path folder = Files.createTempDirectory("exercise");
    int status;
    try {
      status = run(exercise, file, Files.readString(file), device ? args[2] : null, folder);
    } catch (GptException e) {
      System.err.println("exercise " + number + ": " + e.getMessage());
      status = 1;
    } finally {
      delete(folder);
    }
    System.exit(status);
  }

  private static int run(
      Exercise exercise, Path file, String source, String deviceName, Path folder)
      throws Exception {
    TornadoDevices.Device device =
        deviceName == null ? TornadoDevices.find().first() : Devices.named(deviceName);
    if (device.isEmulator()) {
      return check(exercise, file, source, folder, System.out) ? 0 : 1;
    }
    if (exercise.shuffles() && !device.hasShuffles()) {
      System.out.println(device.id() + ": not run, it has no shuffles");
      return 0;
    }
    try (ExerciseCode code = ExerciseCode.compile(Map.of(exercise.type(), source), folder)) {
      Optional<String> wrong = ExerciseCheck.wrong(exercise, code, device.handle());
      if (wrong.isPresent()) {
        throw new GptException(device.id() + ": " + wrong.get());
      }
      long own = ExerciseCheck.time(exercise, code, device.handle());
      ClassLoader solutions = ExerciseCommand.class.getClassLoader();
      long solution = ExerciseCheck.time(exercise, solutions, device.handle());
      System.out.printf(
          Locale.ROOT,
          "%s: %.1f µs, %.2f times the solution's%n",
          device.id(),
          own / 1e3,
          (double) own / solution);
    }
    return 0;
  }

  /**
   * Checks an exercise on the emulator and prints what it found.
   *
   * @return whether it is solved
   */
  static boolean check(Exercise exercise, Path file, String source, Path folder, PrintStream out)
      throws Exception {
    String name = "exercise " + exercise.number() + ": ";
    if (source.contains(HOLE)) {
      out.println(name + "not solved yet: " + file + " still has the line " + HOLE);
      return false;
    }
    try (ExerciseCode code = ExerciseCode.compile(Map.of(exercise.type(), source), folder)) {
      Optional<String> wrong = ExerciseCheck.wrong(exercise, code);
      if (wrong.isPresent()) {
        out.println(name + wrong.get());
        return false;
      }
      Traffic own = ExerciseCheck.count(exercise, code);
      Traffic solution = ExerciseCheck.count(exercise, ExerciseCommand.class.getClassLoader());
      List<String> excess = ExerciseCheck.excess(own, solution);
      if (!excess.isEmpty()) {
        out.println(name + "right, but not there yet: it takes " + excess.getFirst());
        return false;
      }
      if (exercise.number() == 2 && ExerciseCheck.hasOneSum(code)) {
        out.println(name + "right, but not there yet: the results have the bits of a single sum");
        return false;
      }
      out.printf(
          Locale.ROOT,
          "%ssolved. It touches %,d sectors for %,d bytes, as the solution does (%,d);"
              + " the kernels have it as %s%n",
          name,
          own.total().sectors(),
          own.total().asked(),
          solution.total().sectors(),
          exercise.reference());
      return true;
    } catch (GptException e) {
      out.println(name + e.getMessage());
      return false;
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
