package gpt.benchmarks;

import gpt.backend.cpu.CpuEngine;
import gpt.kernels.CuBlas;
import gpt.kernels.KernelOperations;
import gpt.kernels.KernelOperations.Operation;
import gpt.model.Precision;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The rows of a run, in order, and the rows left out.
 *
 * <p>Every operation is measured in f32 at every selected shape; one that depends on the vocabulary
 * only at the demo's shape and at one of GPT-2's. lm_head and decode are also measured in the other
 * precisions, at GPT-2's smallest shape, and a prompt's projections in f16 on tensor cores. Left
 * out are rows that do not fit into memory, and rows whose call would take longer than {@value
 * #MAX_STEP_SECONDS} s for a step or {@value #MAX_KERNEL_SECONDS} s for a single operation.
 */
public final class Plan {
  static final String CPU_OPERATIONS = "CpuOperations";
  static final String HOST_MATRICES = "HostMatrices";
  static final String KERNEL_VERSIONS = "KernelVersions";
  static final String CUBLAS_PRODUCTS = "CuBlasProducts";
  static final String DECODE_STEP = "DecodeStep";
  static final String PREFILL_STEP = "PrefillStep";
  static final String HOST_SAMPLING = "HostSampling";
  static final String DEVICE_SAMPLING = "DeviceSampling";

  private static final double MAX_STEP_SECONDS = 20;
  private static final double MAX_KERNEL_SECONDS = 1;

  /** Fraction of free memory that a model may use. */
  private static final double USABLE = 0.75;

  /** Bytes besides the weights: the heap of a step and the probe's buffers. */
  private static final long OVERHEAD = 2L << 30;

  /**
   * A row that is not measured.
   *
   * @param row the row
   * @param why the reason
   */
  public record LeftOut(String row, String why) {}

  /**
   * What the command line selects.
   *
   * @param operations names; empty for all
   * @param shapes the shapes, ascending
   * @param cpu whether the CPU is measured
   * @param quick whether only the fewest rows are measured
   */
  public record Selection(Set<String> operations, List<Shape> shapes, boolean cpu, boolean quick) {
    boolean has(String operation) {
      return operations.isEmpty()
          || operations.contains(operation)
          || (operation.startsWith(Operations.SAMPLING + "-")
              && !KernelOperations.all().containsKey(operation)
              && operations.contains(Operations.SAMPLING));
    }
  }

  private final Machine machine;
  private final Selection selection;
  private final Set<Spec> rows = new LinkedHashSet<>();
  private final List<LeftOut> leftOut = new ArrayList<>();

  /** The rows of a run on a machine. */
  public Plan(Machine machine, Selection selection) {
    this.machine = machine;
    this.selection = selection;
    if (selection.cpu()) {
      cpu();
    }
    machine.devices().forEach(this::device);
  }

  /** The names that --operations accepts. */
  public static List<String> operations() {
    return Stream.of(
            Operations.COMMON.stream(),
            KernelOperations.all().keySet().stream(),
            Stream.of(Operations.DECODE, Operations.PREFILL, Operations.SAMPLING),
            Sampling.all().keySet().stream())
        .flatMap(names -> names)
        .distinct()
        .toList();
  }

  public List<Spec> rows() {
    return List.copyOf(rows);
  }

  public List<LeftOut> leftOut() {
    return List.copyOf(leftOut);
  }

  private void cpu() {
    List<String> versions =
        machine.vector() ? List.of(Spec.PLAIN, Spec.VECTOR) : List.of(Spec.PLAIN);
    for (Shape shape : selection.shapes()) {
      for (String operation : Operations.COMMON) {
        if (!selection.has(operation) || isRepeated(operation, shape)) {
          continue;
        }
        boolean plainOnly = operation.equals(Operations.CROSS_ENTROPY);
        for (int count : Operations.rows(operation)) {
          for (Precision precision : precisions(operation, shape)) {
            for (String version : plainOnly ? List.of(Spec.PLAIN) : versions) {
              add(spec(CPU_OPERATIONS, operation, shape, count, precision, Spec.CPU, version));
            }
            if (operation.equals(Operations.LM_HEAD) && precision == Precision.F32) {
              matrices(operation, shape, count);
            }
          }
        }
      }
    }
    for (String operation : List.of(Operations.DECODE, Operations.PREFILL)) {
      for (Shape shape : selection.shapes()) {
        for (Precision precision : precisions(operation, shape)) {
          for (String version : versions) {
            step(operation, shape, precision, Spec.CPU, version);
          }
        }
      }
    }
    sampling(HOST_SAMPLING, Spec.CPU, List.of(Spec.PLAIN));
  }

  /** A plain product, which the SDK has too. */
  private void matrices(String operation, Shape shape, int count) {
    Spec spec =
        spec(HOST_MATRICES, operation, shape, count, Precision.F32, Spec.CPU, Spec.MATRICES);
    if (machine.matrices()) {
      add(spec);
    } else {
      leaveOut(spec, "TornadoVM's SDK is not installed");
    }
  }

  /** Whether a question's rows run on a device only, where HotSpot compiles nothing of the work. */
  static boolean ofDevice(String question) {
    return question.equals(KERNEL_VERSIONS) || question.equals(CUBLAS_PRODUCTS);
  }

  private void device(Machine.Target device) {
    boolean products =
        Operations.COMMON.stream()
            .anyMatch(name -> selection.has(name) && Product.of(name, Shape.DEMO).isPresent());
    if (products && device.noCuBlas() != null) {
      leftOut.add(new LeftOut("cuBLAS on " + device.id(), device.noCuBlas()));
    }
    for (Shape shape : selection.shapes()) {
      for (Operation<?> operation : KernelOperations.all().values()) {
        if (!selection.has(operation.name()) || isRepeated(operation.name(), shape)) {
          continue;
        }
        for (int count : operation.rows()) {
          for (Precision precision : precisions(operation, shape, count, device)) {
            if (runs(precision, device)) {
              versions(operation, shape, count, precision, device);
            }
          }
        }
      }
    }
    for (String operation : List.of(Operations.DECODE, Operations.PREFILL)) {
      for (Shape shape : selection.shapes()) {
        for (Precision precision : precisions(operation, shape)) {
          if (runs(precision, device)) {
            step(operation, shape, precision, device.id(), "graphs");
          }
        }
      }
    }
    sampling(DEVICE_SAMPLING, device.id(), List.of("chain", "fetch"));
  }

  private void versions(
      Operation<?> operation, Shape shape, int count, Precision precision, Machine.Target device) {
    String name = operation.name();
    for (String version : operation.versionNames(count)) {
      if (version.equals("rowPerWarp") && device.id().startsWith("opencl")) {
        continue; // it needs shuffles
      }
      if (version.equals(KernelOperations.TENSOR_CORES) && !device.hasTensorCores()) {
        continue;
      }
      add(spec(KERNEL_VERSIONS, name, shape, count, precision, device.id(), version));
    }
    if (device.noCuBlas() == null && Product.of(name, shape).isPresent()) {
      for (String version : CuBlas.versions(precision.word())) {
        add(spec(CUBLAS_PRODUCTS, name, shape, count, precision, device.id(), version));
      }
    }
  }

  /** Prompts are measured in f16 too where there are tensor cores, which multiply halves. */
  private List<Precision> precisions(
      Operation<?> operation, Shape shape, int count, Machine.Target device) {
    return operation.versionNames(count).contains(KernelOperations.TENSOR_CORES)
            && device.hasTensorCores()
        ? List.of(Precision.F32, Precision.F16)
        : precisions(operation.name(), shape);
  }

  private void sampling(String question, String device, List<String> versions) {
    for (Shape shape : selection.shapes()) {
      for (String operation : Sampling.all().keySet()) {
        if (!selection.has(operation) || isRepeated(operation, shape) || shape == Shape.DEMO) {
          continue;
        }
        if (question.equals(HOST_SAMPLING)) { // the control row
          String version = machine.vector() ? Spec.VECTOR : Spec.PLAIN;
          add(spec(CPU_OPERATIONS, Operations.LM_HEAD, shape, 1, Precision.F32, device, version));
        }
        for (String version : versions) {
          add(spec(question, operation, shape, 1, Precision.F32, device, version));
        }
      }
    }
  }

  private void step(
      String operation, Shape shape, Precision precision, String device, String version) {
    if (!selection.has(operation)) {
      return;
    }
    String question = operation.equals(Operations.DECODE) ? DECODE_STEP : PREFILL_STEP;
    int count = Operations.rows(operation).get(0);
    Spec spec = spec(question, operation, shape, count, precision, device, version);
    long bytes = CpuEngine.weightBytes(shape.config(), true, precision);
    long host = spec.isCpu() || !target(device).hostMemory() ? bytes : 2 * bytes;
    if (host + OVERHEAD > USABLE * machine.memory()) {
      leaveOut(spec, "needs %s of %s free".formatted(gb(host + OVERHEAD), gb(machine.memory())));
    } else if (!spec.isCpu() && bytes > USABLE * target(device).memory()) {
      leaveOut(
          spec, "needs %s of the device's %s".formatted(gb(bytes), gb(target(device).memory())));
    } else {
      add(spec);
    }
  }

  private static String gb(long bytes) {
    return String.format(Locale.ROOT, "%.1f GB", bytes / 1e9);
  }

  private Machine.Target target(String device) {
    return machine.devices().stream().filter(d -> d.id().equals(device)).findFirst().orElseThrow();
  }

  private static boolean runs(Precision precision, Machine.Target device) {
    return precision != Precision.BF16 && (precision != Precision.F16 || device.hasHalf());
  }

  /** Whether an operation was measured at a smaller GPT-2 shape with the same vocabulary. */
  private boolean isRepeated(String operation, Shape shape) {
    Operation<?> kernel = KernelOperations.all().get(operation);
    boolean vocabularyOnly =
        Operations.dependsOnVocabularyOnly(operation) || (kernel != null && kernel.ofVocabulary());
    return vocabularyOnly
        && shape != Shape.DEMO
        && selection.shapes().stream().filter(s -> s != Shape.DEMO).findFirst().orElseThrow()
            != shape;
  }

  private List<Precision> precisions(String operation, Shape shape) {
    boolean others = operation.equals(Operations.LM_HEAD) || operation.equals(Operations.DECODE);
    return others && shape == Shape.GPT2 && !selection.quick()
        ? List.of(Precision.F32, Precision.BF16, Precision.F16, Precision.I8)
        : List.of(Precision.F32);
  }

  private static Spec spec(
      String question,
      String operation,
      Shape shape,
      int count,
      Precision precision,
      String device,
      String version) {
    return new Spec(question, operation, shape.word(), count, precision.word(), device, version);
  }

  private void add(Spec spec) {
    double seconds = seconds(spec);
    if (seconds > (spec.isStep() ? MAX_STEP_SECONDS : MAX_KERNEL_SECONDS)) {
      leaveOut(spec, String.format(Locale.ROOT, "one call would take about %.1f s", seconds));
    } else {
      rows.add(spec);
    }
  }

  private void leaveOut(Spec spec, String why) {
    leftOut.add(new LeftOut(spec.work() + ", " + spec.implementation(), why));
  }

  /**
   * Estimated seconds of a call. Plain Java and kernels on a CPU device reach a twentieth of the
   * FMA peak, a naive kernel and tornado-matrices a hundredth, other versions a quarter; all reach
   * half the copy bandwidth. Returns 0 for operations without a counterpart on the CPU, whose work
   * is unknown.
   */
  double seconds(Spec spec) {
    if (!spec.isStep() && !Operations.COMMON.contains(spec.operation())) {
      return 0;
    }
    Shape shape = Shape.of(spec.shape()).orElseThrow();
    Precision precision = Precision.valueOf(spec.dtype().toUpperCase(Locale.ROOT));
    Work work = Work.of(spec.operation(), shape, spec.rows(), precision);
    Probe probe = spec.isCpu() ? machine.cpu() : target(spec.device()).probe();
    double part =
        switch (spec.version()) {
          case Spec.PLAIN -> 0.05;
          case "naive", Spec.MATRICES -> 0.01;
          default -> !spec.isCpu() && target(spec.device()).hostMemory() ? 0.05 : 0.25;
        };
    return Math.max(work.flops() / (part * probe.peak()), work.bytes() / (0.5 * probe.copy()));
  }
}
