package gpt.kernels;

import gpt.GptException;
import gpt.kernels.Exercises.Exercise;
import gpt.kernels.runtime.Version;
import java.lang.reflect.InvocationTargetException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.LongFunction;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.emulator.CountingLoader;
import uk.ac.manchester.tornado.api.emulator.Traffic;
import uk.ac.manchester.tornado.api.exceptions.TornadoBailoutRuntimeException;
import uk.ac.manchester.tornado.api.exceptions.TornadoRuntimeException;

/** Checks one exercise's kernel, counts what it does, and times it. */
public final class ExerciseCheck {
  /** A measure may be larger than the solution's by this factor. */
  private static final double SLACK = 1.1;

  private static final long SEED = 1;
  private static final int LAUNCHES = 20;

  private ExerciseCheck() {}

  /** What is wrong with a kernel's results on the emulator; empty if nothing is. */
  static Optional<String> wrong(Exercise exercise, ClassLoader code) throws Exception {
    return wrong(exercise, code, exercise.cases(), null);
  }

  /** What is wrong with a kernel's results on a device; empty if nothing is. */
  static Optional<String> wrong(Exercise exercise, ClassLoader code, TornadoDevice device)
      throws Exception {
    return wrong(exercise, code, List.of(exercise.large()), device);
  }

  private static Optional<String> wrong(
      Exercise exercise,
      ClassLoader code,
      List<LongFunction<KernelCase<?>>> cases,
      TornadoDevice device)
      throws Exception {
    Version<?> version = ExerciseCode.version(code, exercise.type());
    for (LongFunction<KernelCase<?>> maker : cases) {
      String wrong = wrong(maker.apply(SEED), version, device);
      if (wrong != null) {
        return Optional.of(wrong);
      }
    }
    return Optional.empty();
  }

  private static <A> String wrong(KernelCase<A> test, Version<?> version, TornadoDevice device)
      throws Exception {
    try {
      String wrong = test.check(typed(version), device);
      if (wrong == null) {
        return null;
      }
      String hint = wrong.contains(" is NaN,") ? "; is an array read before it is written?" : "";
      return test + ": " + wrong + hint;
    } catch (TornadoRuntimeException | TornadoBailoutRuntimeException e) {
      return test + ": " + e.getMessage();
    }
  }

  @SuppressWarnings("unchecked") // an exercise's version and its cases have the same arguments
  private static <A> Version<A> typed(Version<?> version) {
    return (Version<A>) version;
  }

  /** Counts the exercise's last case with the code of a loader; the emulator runs it. */
  static Traffic count(Exercise exercise, ClassLoader code) throws Exception {
    ClassLoader counting = new CountingLoader(code, "gpt.", List.of("gpt.exercises."));
    try {
      return (Traffic)
          counting
              .loadClass(ExerciseCheck.class.getName())
              .getMethod("count", int.class)
              .invoke(null, exercise.number());
    } catch (InvocationTargetException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }

  /** As {@link #count(Exercise, ClassLoader)}, with the code of this class's loader. */
  public static Traffic count(int number) throws Exception {
    Exercise exercise = Exercises.ALL.get(number - 1);
    return count(
        exercise.cases().getLast().apply(SEED),
        ExerciseCode.version(ExerciseCheck.class.getClassLoader(), exercise.type()));
  }

  private static <A> Traffic count(KernelCase<A> test, Version<?> version) throws Exception {
    return KernelCounts.count(test, typed(version));
  }

  /** What a kernel does more of than the solution does; empty if nothing. */
  static List<String> excess(Traffic own, Traffic solution) {
    return List.of(
            new Measure("sectors of global memory", sectors(own), sectors(solution)),
            new Measure("bytes of global memory", asked(own), asked(solution)),
            new Measure("barriers in a workgroup", own.barriers(), solution.barriers()),
            new Measure("passes of local memory", own.localPasses(), solution.localPasses()),
            new Measure("FLOPs", own.flops(), solution.flops()),
            new Measure("calls of functions", own.functions(), solution.functions()))
        .stream()
        .filter(m -> m.own > SLACK * m.solution + 1)
        .map(Measure::line)
        .toList();
  }

  /** Whether a kernel of exercise 2 adds in exercise 1's order, so that y has the same bits. */
  static boolean hasOneSum(ClassLoader code) throws Exception {
    return Arrays.equals(product(2, code), product(1, ExerciseCheck.class.getClassLoader()));
  }

  private static float[] product(int number, ClassLoader code) throws Exception {
    Exercise exercise = Exercises.ALL.get(number - 1);
    KernelCase<?> test = exercise.cases().getLast().apply(SEED);
    Exercises.Product ran =
        (Exercises.Product) ran(test, ExerciseCode.version(code, exercise.type()));
    float[] y = new float[ran.n()];
    for (int i = 0; i < y.length; i++) {
      y[i] = ran.y().get(i);
    }
    return y;
  }

  private static <A> A ran(KernelCase<A> test, Version<?> version) throws Exception {
    test.run(typed(version), null);
    return test.arguments();
  }

  private record Measure(String what, long own, long solution) {
    String line() {
      return String.format(Locale.ROOT, "%,d %s; the solution takes %,d", own, what, solution);
    }
  }

  private static long sectors(Traffic traffic) {
    return traffic.total().sectors();
  }

  private static long asked(Traffic traffic) {
    return traffic.total().asked();
  }

  /** The shortest time on a device in nanoseconds. */
  static long time(Exercise exercise, ClassLoader code, TornadoDevice device) throws Exception {
    Version<?> version = ExerciseCode.version(code, exercise.type());
    return time(exercise.large().apply(SEED), version, device);
  }

  private static <A> long time(KernelCase<A> test, Version<?> version, TornadoDevice device)
      throws Exception {
    long best = Long.MAX_VALUE;
    try (TornadoExecutionPlan plan = test.timed(typed(version), device)) {
      for (int i = 0; i < LAUNCHES; i++) {
        best = Math.min(best, plan.execute().getProfilerResult().getDeviceKernelTime());
      }
    }
    if (best <= 0) {
      throw new GptException("the device reports no times");
    }
    return best;
  }
}
