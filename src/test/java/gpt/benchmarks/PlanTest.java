package gpt.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.kernels.KernelOperations;
import gpt.kernels.KernelOperations.Operation;
import gpt.kernels.Projection;
import gpt.kernels.runtime.Version;
import java.io.File;
import java.lang.reflect.Field;
import java.lang.reflect.ParameterizedType;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Which rows a run has, and which are left out. */
class PlanTest {
  private static final String GPU = "ptx:0";
  private static final String NO_CUBLAS = "no library";
  private static final Probe FAST = new Probe(GPU, 0, 2e12, 0, 50e12);
  private static final Probe SLOW = new Probe(Spec.CPU, 0, 20e9, 20e9, 300e9);

  private static Machine machine(long memory, Probe device) {
    return new Machine(
        memory,
        true,
        true,
        SLOW,
        List.of(new Machine.Target(GPU, false, true, 80L << 30, device, NO_CUBLAS)));
  }

  private static Plan plan(Machine machine, Shape... shapes) {
    return new Plan(machine, new Plan.Selection(Set.of(), List.of(shapes), true, false));
  }

  private static Plan of(String... operations) {
    return new Plan(
        machine(64L << 30, FAST),
        new Plan.Selection(Set.of(operations), List.of(Shape.DEMO, Shape.GPT2), true, false));
  }

  /** Checks the VERSIONS of every kernel class in the compiled packages. */
  @Test
  void everyVersionOfEveryKernelHasARow() throws Exception {
    Set<Version<?>> measured = new HashSet<>();
    for (Operation<?> operation : KernelOperations.all().values()) {
      operation.rows().forEach(rows -> measured.addAll(operation.versions().apply(rows)));
    }
    List<String> missing = new ArrayList<>();
    int lists = 0;
    for (Class<?> type : kernels()) {
      for (Field field : type.getFields()) {
        if (field.getName().equals("VERSIONS")) {
          lists++;
          versions(field).stream()
              .filter(version -> !measured.contains(version))
              .forEach(version -> missing.add(type.getSimpleName() + " " + version));
        }
      }
    }
    assertEquals(List.of(), missing);
    assertTrue(lists >= 17, lists + " lists of versions");

    List<Spec> rows = plan(machine(64L << 30, FAST), Shape.GPT2).rows();
    for (Operation<?> operation : KernelOperations.all().values()) {
      for (int count : operation.rows()) {
        for (String version : operation.versionNames(count)) {
          if (version.equals(KernelOperations.TENSOR_CORES)) {
            continue; // only CUDA devices have them
          }
          assertTrue(
              rows.stream()
                  .anyMatch(
                      row ->
                          row.operation().equals(operation.name())
                              && row.rows() == count
                              && row.device().equals(GPU)
                              && row.version().equals(version)),
              operation.name() + " " + version);
        }
      }
    }
  }

  private static List<Class<?>> kernels() throws Exception {
    File folder =
        new File(Version.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    List<Class<?>> all = new ArrayList<>();
    for (String subpackage : List.of("", "sampling/", "runtime/")) {
      for (File file : new File(folder, "gpt/kernels/" + subpackage).listFiles(File::isFile)) {
        String name = file.getName().replace(".class", "");
        if (!name.equals("package-info") && !name.contains("$")) {
          all.add(Class.forName("gpt.kernels." + subpackage.replace('/', '.') + name));
        }
      }
    }
    return all;
  }

  private static List<Version<?>> versions(Field field) throws Exception {
    Object value = field.get(null);
    if (value instanceof Projection.Versions<?> versions) {
      return List.copyOf(versions.all(true));
    }
    assertTrue(field.getGenericType() instanceof ParameterizedType, field::toString);
    List<Version<?>> all = new ArrayList<>();
    ((List<?>) value).forEach(version -> all.add((Version<?>) version));
    return all;
  }

  @Test
  void everyOperationCanBeSelectedAlone() {
    for (String operation : Plan.operations()) {
      List<Spec> rows = of(operation).rows();
      assertFalse(rows.isEmpty(), operation);
      assertTrue(
          rows.stream()
              .allMatch(
                  row ->
                      row.operation().equals(operation)
                          || (operation.startsWith("sampling")
                              && (row.operation().startsWith("sampling-")
                                  || row.operation().equals(Operations.LM_HEAD)))),
          rows::toString);
    }
  }

  /** Sampling rows come with one lm_head row, to which they are compared. */
  @Test
  void samplingHasItsControl() {
    List<Spec> rows = of("sampling").rows();
    assertEquals(1, rows.stream().filter(r -> r.operation().equals("lm-head")).count());
    assertEquals(
        Sampling.all().size(),
        rows.stream().filter(r -> r.question().equals("HostSampling")).count());
  }

  @Test
  void vocabularyOnlyOperationsAreMeasuredAtOneGpt2Shape() {
    List<Spec> rows = plan(machine(64L << 30, FAST), Shape.values()).rows();
    Set<String> shapes = new HashSet<>();
    rows.stream()
        .filter(row -> row.operation().equals("cross-entropy"))
        .forEach(row -> shapes.add(row.shape()));
    assertEquals(Set.of("demo", "gpt2"), shapes);
  }

  @Test
  void modelsThatDoNotFitAreLeftOutWithTheReason() {
    Plan small = plan(machine(8L << 30, FAST), Shape.GPT2, Shape.XL);
    assertTrue(has(small, "decode", "gpt2"));
    assertFalse(has(small, "decode", "gpt2-xl"));
    assertTrue(
        small.leftOut().stream()
            .anyMatch(
                o -> o.row().startsWith("decode gpt2-xl") && o.why().matches("needs .* GB free")),
        small.leftOut()::toString);
    Plan large = plan(machine(64L << 30, FAST), Shape.GPT2, Shape.XL);
    assertTrue(has(large, "decode", "gpt2-xl"));
  }

  @Test
  void rowsThatTakeTooLongAreLeftOut() {
    Probe slow = new Probe(GPU, 0, 20e9, 0, 30e9);
    Plan plan = plan(machine(64L << 30, slow), Shape.XL);
    assertTrue(
        plan.leftOut().stream()
            .anyMatch(o -> o.row().contains("gelu gpt2-xl, 256 rows") && o.row().endsWith("naive")),
        plan.leftOut()::toString);
    assertFalse(
        plan(machine(64L << 30, FAST), Shape.XL).leftOut().stream()
            .anyMatch(o -> o.row().contains(GPU) && !o.why().equals(NO_CUBLAS)));
  }

  @Test
  void precisionsThatADeviceLacksAreNotMeasured() {
    Machine noHalf =
        new Machine(
            64L << 30,
            true,
            false,
            SLOW,
            List.of(new Machine.Target(GPU, false, false, 80L << 30, FAST, NO_CUBLAS)));
    Set<String> dtypes = new HashSet<>();
    plan(noHalf, Shape.GPT2).rows().stream()
        .filter(row -> row.device().equals(GPU))
        .forEach(row -> dtypes.add(row.dtype()));
    assertEquals(Set.of("f32", "i8"), dtypes);
  }

  @Test
  void tornadosOwnProductIsMeasuredWhereTheSdkIs() {
    Predicate<Spec> matrices = row -> row.version().equals(Spec.MATRICES);
    assertEquals(
        List.of("lm-head demo, 1 row, f32", "lm-head gpt2, 1 row, f32"),
        of("lm-head").rows().stream().filter(matrices).map(Spec::work).toList());
    Machine none = new Machine(64L << 30, true, false, SLOW, List.of());
    Plan plan = plan(none, Shape.GPT2);
    assertTrue(plan.rows().stream().noneMatch(matrices));
    assertTrue(
        plan.leftOut()
            .contains(
                new Plan.LeftOut(
                    "lm-head gpt2, 1 row, f32, tornado-matrices",
                    "TornadoVM's SDK is not installed")),
        plan.leftOut()::toString);
  }

  /** A prompt's projections on a CUDA device, in f32 and f16, each beside cuBLAS. */
  @Test
  void tensorCoresAreMeasuredBesideCuBlas() {
    Machine.Target cuda = new Machine.Target("cuda:0", false, true, 80L << 30, FAST, null);
    Machine machine = new Machine(64L << 30, true, true, SLOW, List.of(cuda));
    Plan.Selection selection = new Plan.Selection(Set.of("qkv"), List.of(Shape.GPT2), false, true);
    assertEquals(
        List.of(
            "f32 naive, f32 blockPerThread, f32 tiled, f32 tensorCores, f32 cublas, f32"
                + " cublas-tf32",
            "f16 naive, f16 blockPerThread, f16 tiled, f16 tensorCores, f16 cublas"),
        Stream.of("f32", "f16")
            .map(
                dtype ->
                    new Plan(machine, selection)
                        .rows().stream()
                            .filter(row -> row.rows() > 1 && row.dtype().equals(dtype))
                            .map(row -> dtype + " " + row.version())
                            .collect(Collectors.joining(", ")))
            .toList());
    assertTrue(of("qkv").leftOut().contains(new Plan.LeftOut("cuBLAS on " + GPU, NO_CUBLAS)));
  }

  private static boolean has(Plan plan, String operation, String shape) {
    return plan.rows().stream()
        .anyMatch(row -> row.operation().equals(operation) && row.shape().equals(shape));
  }
}
