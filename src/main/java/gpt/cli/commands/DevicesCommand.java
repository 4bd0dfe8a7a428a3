package gpt.cli.commands;

import gpt.backend.cpu.kernels.CpuKernelsProvider;
import gpt.backend.tornado.TornadoVm;
import gpt.cli.options.CommonOptions;
import gpt.cli.options.OptionGroup;
import gpt.cli.output.StandardOutput;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Lists the devices, and names the one that {@code --device auto} chooses. */
@OptionGroup.In(OptionGroup.DEVICE)
@Command(
    name = "devices",
    sortOptions = false,
    description = "Lists the devices for --device, and the one that is used by default.",
    footer = {
      "",
      "Examples:",
      "  gpt devices",
      "  gpt devices --test                                 runs and checks kernels on each device"
    })
public final class DevicesCommand implements Callable<Integer> {
  @Option(
      names = "--test",
      description = "Run kernels on each TornadoVM device and compare the results with the CPU's.")
  private boolean test;

  @Mixin private CommonOptions common;

  @Override
  public Integer call() throws IOException {
    if (TornadoVm.presence() == TornadoVm.Presence.TORNADOVM) {
      return TornadoDeviceList.print(test);
    }
    StandardOutput.write(cpuLine());
    StandardOutput.write(
        "\n"
            + "default: cpu, since TornadoVM is not loaded\n"
            + "to list TornadoVM's devices, run scripts/gpt devices or tornado -jar gpt.jar"
            + " devices; ./setup-tornado.sh installs TornadoVM\n");
    if (test) {
      System.err.println(
          "gpt: --test: there is no TornadoVM device, since TornadoVM is not loaded");
      return CommandLine.ExitCode.SOFTWARE;
    }
    return CommandLine.ExitCode.OK;
  }

  /** The line for the CPU without TornadoVM, which every machine has. */
  static String cpuLine() {
    return "%-20s %-5s %10s  %d threads, %s%n"
        .formatted(
            "cpu",
            "CPU",
            "",
            Runtime.getRuntime().availableProcessors(),
            CpuKernelsProvider.description());
  }
}
