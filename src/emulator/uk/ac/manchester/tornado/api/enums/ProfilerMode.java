package uk.ac.manchester.tornado.api.enums;

/** Where the profiler's figures go; the emulator never prints them. */
public enum ProfilerMode {
  CONSOLE,
  SILENT
}
