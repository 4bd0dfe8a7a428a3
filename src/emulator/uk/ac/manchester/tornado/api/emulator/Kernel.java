package uk.ac.manchester.tornado.api.emulator;

/** A kernel that takes its arguments as an array. */
@FunctionalInterface
public interface Kernel {
  /** Runs it for one work item. */
  void run(Object[] args);
}
