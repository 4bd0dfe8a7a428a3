package uk.ac.manchester.tornado.api;

import uk.ac.manchester.tornado.api.emulator.Graph;

/** The result of an execution. */
public class TornadoExecutionResult {
  private final TornadoExecutionPlan plan;

  TornadoExecutionResult(TornadoExecutionPlan plan) {
    this.plan = plan;
  }

  /** The profiler's figures. */
  public TornadoProfilerResult getProfilerResult() {
    return new TornadoProfilerResult(plan);
  }

  /** Copies arrays to the host that the selected graphs persist on the device. */
  public TornadoExecutionResult transferToHost(Object... objects) {
    for (Graph graph : plan.selected()) {
      graph.transferToHost(objects);
    }
    return this;
  }

  /** Whether the execution has ended. */
  public boolean isReady() {
    return true;
  }
}
