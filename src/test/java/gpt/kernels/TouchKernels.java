package gpt.kernels;

import gpt.kernels.runtime.Version;
import java.util.ArrayList;
import java.util.List;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Kernels that read the outputs of a case before its own kernel writes them. */
final class TouchKernels {
  /** The ids of the tasks that read outputs of halves begin so. */
  private static final String HALVES = "touchHalves";

  private TouchKernels() {}

  /**
   * Adds a task that reads all outputs: TornadoVM does not copy an array to the device whose first
   * task only writes it, and then the poison would not be there.
   */
  static void add(TaskGraph graph, List<Output> outputs) {
    FloatArray[] floats = new FloatArray[3];
    List<HalfFloatArray> halves = new ArrayList<>();
    IntArray[] ints = new IntArray[7];
    int f = 0;
    int i = 0;
    for (Output output : outputs) {
      if (output.array() instanceof FloatArray array) {
        floats[f++] = array;
      } else if (output.array() instanceof HalfFloatArray array) {
        halves.add(array);
      } else {
        ints[i++] = (IntArray) output.array();
      }
    }
    for (; f < floats.length; f++) {
      floats[f] = new FloatArray(1);
      floats[f].init(0);
      graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, floats[f]);
    }
    for (; i < ints.length; i++) {
      ints[i] = new IntArray(1);
      ints[i].init(0);
      graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, ints[i]);
    }
    graph.task(
        "touch",
        TouchKernels::touch,
        new KernelContext(),
        floats[0],
        floats[1],
        floats[2],
        ints[0],
        ints[1],
        ints[2],
        ints[3],
        ints[4],
        ints[5],
        ints[6]);
    // Tasks of their own: a device without half precision compiles none.
    for (int h = 0; h < halves.size(); h++) {
      graph.task(HALVES + h, TouchKernels::touchHalves, new KernelContext(), halves.get(h));
    }
  }

  static void touchHalves(KernelContext context, HalfFloatArray a) {
    if (context.globalIdx == 0) {
      a.set(0, a.get(0));
    }
  }

  static void touch(
      KernelContext context,
      FloatArray a,
      FloatArray b,
      FloatArray c,
      IntArray d,
      IntArray e,
      IntArray f,
      IntArray g,
      IntArray h,
      IntArray i,
      IntArray j) {
    if (context.globalIdx == 0) {
      a.set(0, a.get(0));
      b.set(0, b.get(0));
      c.set(0, c.get(0));
      d.set(0, d.get(0));
      e.set(0, e.get(0));
      f.set(0, f.get(0));
      g.set(0, g.get(0));
      h.set(0, h.get(0));
      i.set(0, i.get(0));
      j.set(0, j.get(0));
    }
  }

  /** The grids of the tasks that {@link #add} adds. */
  static void addGrids(GridScheduler grids, TaskGraph graph, List<Output> outputs) {
    grids.addWorkerGrid(graph.getTaskGraphName() + ".touch", Version.groups(1, 1));
    long halves = outputs.stream().filter(o -> o.array() instanceof HalfFloatArray).count();
    for (int h = 0; h < halves; h++) {
      grids.addWorkerGrid(graph.getTaskGraphName() + "." + HALVES + h, Version.groups(1, 1));
    }
  }
}
