package gpt.kernels;

import gpt.GptException;
import gpt.backend.tornado.TornadoDevices;
import gpt.benchmarks.Devices;
import gpt.benchmarks.Probe;
import gpt.benchmarks.Product;
import gpt.benchmarks.Shape;
import gpt.benchmarks.Work;
import gpt.benchmarks.WrongResultException;
import gpt.kernels.KernelOperations.Operation;
import gpt.kernels.runtime.Version;
import gpt.model.Precision;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import uk.ac.manchester.tornado.api.exceptions.TornadoBailoutRuntimeException;
import uk.ac.manchester.tornado.api.exceptions.TornadoRuntimeException;

/** {@code scripts/kernels}: lists the kernels, checks and times them, and shows what they do. */
@Command(
    name = "scripts/kernels",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    synopsisSubcommandLabel = "list | run OPERATION",
    description = "%nThe kernels, one by one; kernels/gpt/kernels/README.md explains them.%n")
public final class KernelCommand {
  private static final int LAUNCHES = 20;

  @CommandLine.Spec private CommandSpec spec;

  private KernelCommand() {}

  /** Exit status: 2 for a wrong command line, 1 for a failure. */
  public static void main(String[] args) {
    System.exit(run(System.out, System.err, args));
  }

  /** Runs a command line; returns its exit status. */
  public static int run(PrintStream out, PrintStream err, String... args) {
    CommandLine line = new CommandLine(new KernelCommand());
    line.setOut(new PrintWriter(out, true));
    line.setErr(new PrintWriter(err, true));
    line.setParameterExceptionHandler(
        (wrong, given) -> {
          wrong.getCommandLine().getErr().println("kernels: " + wrong.getMessage());
          return 2;
        });
    line.setExecutionExceptionHandler(
        (failure, command, parsed) -> {
          Throwable cause =
              failure instanceof ReflectiveOperationException ? failure.getCause() : failure;
          if (cause instanceof GptException
              || cause instanceof WrongResultException
              || cause instanceof TornadoRuntimeException
              || cause instanceof TornadoBailoutRuntimeException) {
            command.getErr().println("kernels: " + cause.getMessage());
          } else {
            cause.printStackTrace(command.getErr());
          }
          return 1;
        });
    return line.execute(args);
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  @Command(
      name = "list",
      description = "Lists the operations: what bounds them, and the idea of each version.")
  int list() {
    for (Operation<?> operation : KernelOperations.all().values()) {
      out().println(operation.name() + "  (" + KernelHeaders.file(operation.name()) + ")");
      out().println("  bound: " + KernelHeaders.bound(operation.name()));
      operation.rows().stream()
          .flatMap(rows -> operation.versionNames(rows).stream())
          .distinct()
          .forEach(
              version ->
                  out()
                      .printf(
                          "  %-16s %s%n",
                          version, KernelHeaders.version(operation.name(), version).orElse("")));
    }
    return 0;
  }

  @Command(
      name = "run",
      sortOptions = false,
      description =
          "Checks versions of an operation against double precision, and times them on a device"
              + " beside what bounds them.")
  int run(
      @Parameters(paramLabel = "OPERATION", description = "One of list's.") String name,
      @Option(
              names = "--version",
              paramLabel = "NAME",
              description = "One version. Default: all of the operation's.")
          String version,
      @Option(
              names = "--shape",
              paramLabel = "NAME",
              defaultValue = "demo",
              description =
                  "demo, gpt2, gpt2-medium, gpt2-large or gpt2-xl. Default: ${DEFAULT-VALUE}")
          String shapeName,
      @Option(names = "--rows", paramLabel = "N", description = "Rows of the pass.") Integer given,
      @Option(
              names = "--dtype",
              paramLabel = "f32|f16|i8",
              defaultValue = "f32",
              description = "Precision of the weights. Default: ${DEFAULT-VALUE}")
          String dtype,
      @Option(
              names = "--device",
              paramLabel = "BACKEND:DEVICE",
              description = "As gpt devices lists it. Default: the first one.")
          String deviceName,
      @Option(names = "--source", description = "Print what TornadoVM generates instead.")
          boolean source,
      @Option(
              names = "--explain",
              description =
                  "Count instead, on the emulator, for warps of 32 work items: bytes asked for,"
                      + " 32-byte sectors touched, barriers, bank conflicts.")
          boolean explain,
      @Option(names = "--registers", hidden = true) boolean registers)
      throws Exception {
    Operation<?> operation = KernelOperations.all().get(name);
    if (operation == null) {
      throw misused("no operation " + name + "; scripts/kernels list has all");
    }
    Shape shape = Shape.of(shapeName).orElseThrow(() -> misused("--shape: no shape " + shapeName));
    int rows = given == null ? operation.rows().getFirst() : given;
    if (rows < 1 || rows > shape.config().blockSize()) {
      throw misused("--rows: expected 1 to " + shape.config().blockSize() + ", found " + rows);
    }
    if (!List.of("f32", "f16", "i8").contains(dtype)) {
      throw misused("--dtype: expected f32, f16 or i8, found " + dtype);
    }
    List<String> names = operation.versionNames(rows);
    if (version != null && !names.contains(version)) {
      throw misused(
          "--version: %s has no version %s for %d rows; it has %s"
              .formatted(name, version, rows, String.join(", ", names)));
    }
    List<String> versions = version == null ? names : List.of(version);
    GeneratedCode generated = source || registers ? new GeneratedCode() : null;
    if (explain && !registers) {
      for (String each : versions) {
        out().printf("%s %s, %s, rows %d, %s%n", name, each, shape, rows, dtype);
        out().printf("%s", KernelCounts.table(KernelCounts.of(name, each, shape, rows, dtype)));
      }
      return 0;
    }
    TornadoDevices.Device device =
        deviceName == null ? TornadoDevices.find().first() : device(deviceName);
    device.prepareKernels();
    for (String each : versions) {
      if (each.equals(KernelOperations.TENSOR_CORES) && !device.hasTensorCores()) {
        if (version != null) {
          throw new GptException(
              device.id() + " has no tensor cores; use a device of backend cuda");
        }
        continue;
      }
      if (generated != null) {
        show(operation, each, shape, rows, dtype, device, generated, source);
      } else {
        time(name, each, shape, rows, dtype, device);
      }
    }
    if (generated == null && TornadoMatrices.present()) {
      timeMatrices(KernelOperations.caseOf(operation, shape, rows, dtype), rows);
    }
    Optional<Product> product = Product.of(name, shape);
    if (generated == null && product.isPresent() && CuBlas.missing(device.id()) == null) {
      for (CuBlas.Kind kind : CuBlas.Kind.of(dtype)) {
        timeCuBlas(product.get(), rows, kind, device);
      }
    }
    return 0;
  }

  /** A device by its name in TornadoVM, or as {@code gpt --device} names it. */
  private TornadoDevices.Device device(String option) {
    String name = option.replaceFirst("^tornado:", "");
    if (!name.matches("\\w+:\\d+")) {
      throw misused("--device: expected BACKEND:DEVICE, such as opencl:0, found " + name);
    }
    return Devices.named(name);
  }

  private ParameterException misused(String why) {
    return new ParameterException(spec.commandLine(), why);
  }

  private <A> void show(
      Operation<A> operation,
      String version,
      Shape shape,
      int rows,
      String dtype,
      TornadoDevices.Device device,
      GeneratedCode generated,
      boolean source)
      throws Exception {
    @SuppressWarnings("unchecked") // it is made by this operation
    KernelCase<A> test = (KernelCase<A>) KernelOperations.caseOf(operation, shape, rows, dtype);
    Version<A> chosen = operation.version(version, test, shape, rows);
    String code = generated.of(test, chosen, device);
    if (source) {
      out().println(code);
    } else {
      GeneratedCode.registers(code, device)
          .ifPresent(found -> out().printf("registers     %s, %s%n", found, device.id()));
    }
  }

  private void time(
      String name,
      String version,
      Shape shape,
      int rows,
      String dtype,
      TornadoDevices.Device device)
      throws Exception {
    try (TimedKernel kernel = TimedKernel.of(name, shape, rows, dtype, version, device)) {
      String what = "%s %s, %s, rows %d, %s".formatted(name, version, shape, rows, dtype);
      if (device.isEmulator()) {
        out().printf("%s: right, on the emulator (which has no times)%n", what);
        return;
      }
      long best = Long.MAX_VALUE;
      for (int i = 0; i < LAUNCHES; i++) {
        best = Math.min(best, kernel.launch());
      }
      out().printf(Locale.ROOT, "%s: right, %,.1f µs on %s%n", what, best / 1e3, device.id());
      bound(kernel.work(), best, device);
    }
  }

  /** For the plain projection: TornadoVM's own product, one thread of the host. */
  private void timeMatrices(KernelCase<?> test, int rows) throws Exception {
    if (test.arguments() instanceof LmHead.Arguments a) {
      TornadoMatrices matrices = new TornadoMatrices(a.x().asItIs(), a.w(), rows);
      long best = Long.MAX_VALUE;
      for (int i = 0; i < LAUNCHES; i++) {
        best = Math.min(best, matrices.multiply());
      }
      out().printf(Locale.ROOT, "tornado-matrices, on the host: %,.1f µs%n", best / 1e3);
    }
  }

  /** NVIDIA's own product, without an epilogue. */
  private void timeCuBlas(Product of, int rows, CuBlas.Kind kind, TornadoDevices.Device device)
      throws Exception {
    try (CuBlas cublas = new CuBlas(of, rows, kind, device)) {
      long best = Long.MAX_VALUE;
      for (int i = 0; i < LAUNCHES; i++) {
        best = Math.min(best, cublas.multiply() / CuBlas.PRODUCTS);
      }
      out()
          .printf(
              Locale.ROOT,
              "%s, rows %d, %s: right, %,.1f µs on %s%n",
              kind.version(),
              rows,
              kind.dtype(),
              best / 1e3,
              device.id());
      Precision precision = Precision.valueOf(kind.dtype().toUpperCase(Locale.ROOT));
      bound(Work.product(precision, rows, of.n(), of.k()), best, device);
    }
  }

  /** The share of the device's bandwidth and FLOP/s, which are measured directly afterwards. */
  private void bound(Work work, long nanos, TornadoDevices.Device device) throws Exception {
    try (DeviceProbe probe = new DeviceProbe(device, 0)) {
      Probe limits = probe.measure(0);
      double bytes = work.bytes() / (nanos / 1e9);
      double flops = work.flops() / (nanos / 1e9);
      out()
          .printf(
              Locale.ROOT,
              "  %.2f GB/s, %.0f%% of a copy's %.2f; %.2f GFLOP/s, %.0f%% of %.2f%n",
              bytes / 1e9,
              100 * bytes / limits.copy(),
              limits.copy() / 1e9,
              flops / 1e9,
              100 * flops / limits.peak(),
              limits.peak() / 1e9);
    }
  }
}
