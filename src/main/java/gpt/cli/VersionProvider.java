package gpt.cli;

import gpt.backend.cpu.kernels.VectorModule;
import picocli.CommandLine.IVersionProvider;

/** The program's version, the Java it runs on, and whether that has the Vector API. */
final class VersionProvider implements IVersionProvider {
  @Override
  public String[] getVersion() {
    String version = VersionProvider.class.getPackage().getImplementationVersion();
    return new String[] {
      "gpt " + (version == null ? "(not from a jar)" : version),
      "Java "
          + System.getProperty("java.version")
          + " ("
          + System.getProperty("java.vendor")
          + ", "
          + System.getProperty("java.home")
          + "), Vector API: "
          + (VectorModule.isInstalled() ? "yes" : "no, generation will be slower")
    };
  }
}
