package gpt.cli.commands;

import gpt.backend.cpu.CpuKernelsProvider;
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

/** Lists what generate can compute on, and says what it takes by itself. */
@OptionGroup.In(OptionGroup.DEVICE)
@Command(
    name = "devices",
    sortOptions = false,
    description = "Lists the devices that --device can name, and the one taken by default.",
    footer = {
      "",
      "Examples:",
      "  gpt devices",
      "  gpt devices --test                                 runs kernels on each and checks them"
    })
public final class DevicesCommand implements Callable<Integer> {
  @Option(
      names = "--test",
      description = "Run kernels on each TornadoVM device and compare them with the host.")
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
            + "default: cpu, since this process does not run under TornadoVM (./setup-tornado.sh"
            + " installs it; then scripts/gpt devices, or tornado -jar gpt.jar devices)\n");
    if (test) {
      System.err.println("gpt: there is no TornadoVM device to test");
      return CommandLine.ExitCode.SOFTWARE;
    }
    return CommandLine.ExitCode.OK;
  }

  /** The CPU without TornadoVM, which is always there. */
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
