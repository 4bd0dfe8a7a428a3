package gpt.backend.tornado;

import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Version;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * The graph that owns all arrays on the device: it copies the weights and allocates the buffers,
 * and every other graph takes them over from it.
 *
 * <p>TornadoVM 5.2 gives each graph its own device buffers. A graph can take over the buffers of
 * the graph executed immediately before it, and keeps them. So each graph runs directly after this
 * one the first time, and in any order from then on. TornadoVM allocates an array only if a task of
 * the graph has it as an argument, and copies it to the device only if the first such task reads
 * it. The tasks here take every array and do nothing: their condition is never true, but the
 * compiler cannot see that.
 */
record LoadGraph(TaskGraph graph, GridScheduler grids, IntArray pass) {
  /** Float arrays per task; a task takes at most 20 arguments. */
  private static final int FLOATS = 14;

  /** Int arrays per task. */
  private static final int INTS = 7;

  /** Arrays of halves or of packed integers per task. */
  private static final int OTHERS = 6;

  /**
   * Builds the graph.
   *
   * @param grids receives the tasks' grids
   */
  static TaskGraph of(String name, GridScheduler grids, DevicePlan.Arrays arrays) {
    LoadGraph load = new LoadGraph(new TaskGraph(name), grids, arrays.pass());
    load.graph.transferToDevice(DataTransferMode.FIRST_EXECUTION, arrays.pass());
    if (!arrays.weights().isEmpty()) {
      load.graph.transferToDevice(DataTransferMode.FIRST_EXECUTION, arrays.weights().toArray());
      load.read(arrays.weights());
    }
    load.write(arrays);
    if (!arrays.halves().isEmpty()) {
      load.write(arrays.halves(), arrays.halves().stream().anyMatch(half -> half.getSize() > 1));
    }
    load.graph.persistOnDevice(arrays.all());
    return load.graph;
  }

  private void read(List<TornadoNativeArray> weights) {
    List<FloatArray> floats = new ArrayList<>();
    List<HalfFloatArray> halves = new ArrayList<>();
    List<IntArray> packed = new ArrayList<>();
    for (TornadoNativeArray array : weights) {
      switch (array) {
        case FloatArray f -> floats.add(f);
        case HalfFloatArray h -> halves.add(h);
        case IntArray q -> packed.add(q);
        default -> throw new IllegalStateException(array.getClass().getName());
      }
    }
    for (int i = 0; i < floats.size(); i += FLOATS) {
      FloatArray[] f = chunk(floats, i, new FloatArray[FLOATS], () -> FloatArray.fromElements(0));
      graph.task(
          "floats" + i,
          LoadGraph::readFloats,
          new KernelContext(),
          pass,
          f[0],
          f[1],
          f[2],
          f[3],
          f[4],
          f[5],
          f[6],
          f[7],
          f[8],
          f[9],
          f[10],
          f[11],
          f[12],
          f[13]);
      addGrid("floats" + i);
    }
    for (int i = 0; i < packed.size(); i += OTHERS) {
      IntArray[] q = chunk(packed, i, new IntArray[OTHERS], () -> IntArray.fromElements(0));
      graph.task(
          "packed" + i,
          LoadGraph::readInts,
          new KernelContext(),
          pass,
          q[0],
          q[1],
          q[2],
          q[3],
          q[4],
          q[5]);
      addGrid("packed" + i);
    }
    for (int i = 0; i < halves.size(); i += OTHERS) {
      HalfFloatArray[] h =
          chunk(
              halves,
              i,
              new HalfFloatArray[OTHERS],
              () -> HalfFloatArray.fromElements(new HalfFloat(0)));
      // A device without half precision has one such array, which no kernel reads.
      graph.task(
          "halves" + i,
          LoadGraph::readHalves,
          new KernelContext(),
          pass,
          h[0],
          h[1],
          h[2],
          h[3],
          h[4],
          h[5],
          halves.size() > 1 ? 1 : 0);
      addGrid("halves" + i);
    }
  }

  private void write(DevicePlan.Arrays arrays) {
    List<FloatArray> floats = arrays.floats();
    for (int i = 0; i < floats.size(); i += FLOATS) {
      FloatArray[] f = chunk(floats, i, new FloatArray[FLOATS], () -> FloatArray.fromElements(0));
      graph.task(
          "buffers" + i,
          LoadGraph::writeFloats,
          new KernelContext(),
          pass,
          f[0],
          f[1],
          f[2],
          f[3],
          f[4],
          f[5],
          f[6],
          f[7],
          f[8],
          f[9],
          f[10],
          f[11],
          f[12],
          f[13]);
      addGrid("buffers" + i);
    }
    List<IntArray> ints = arrays.ints();
    for (int i = 0; i < ints.size(); i += INTS) {
      IntArray[] n = chunk(ints, i, new IntArray[INTS], () -> IntArray.fromElements(0));
      graph.task(
          "ints" + i,
          LoadGraph::writeInts,
          new KernelContext(),
          pass,
          n[0],
          n[1],
          n[2],
          n[3],
          n[4],
          n[5],
          n[6]);
      addGrid("ints" + i);
    }
  }

  /**
   * Allocates arrays of halves.
   *
   * @param used whether kernels access halves; a device without half precision compiles no access
   */
  private void write(List<HalfFloatArray> halves, boolean used) {
    graph.task(
        "halfBuffers",
        LoadGraph::writeHalves,
        new KernelContext(),
        pass,
        halves.get(0),
        halves.get(1),
        halves.get(2),
        halves.get(3),
        used ? 1 : 0);
    addGrid("halfBuffers");
  }

  private void addGrid(String task) {
    grids.addWorkerGrid(graph.getTaskGraphName() + "." + task, Version.groups(1, 1));
  }

  /**
   * The arrays of a task, from the given index on. Unused arguments get arrays of one element, and
   * distinct ones: a task that has an array twice and writes it deadlocks the runtime's scheduler.
   */
  private <A> A[] chunk(List<A> arrays, int from, A[] chunk, Supplier<A> filler) {
    for (int i = 0; i < chunk.length; i++) {
      if (from + i < arrays.size()) {
        chunk[i] = arrays.get(from + i);
      } else {
        chunk[i] = filler.get();
        graph.transferToDevice(DataTransferMode.FIRST_EXECUTION, chunk[i]);
      }
    }
    return chunk;
  }

  static void readFloats(
      KernelContext context,
      IntArray pass,
      FloatArray a,
      FloatArray b,
      FloatArray c,
      FloatArray d,
      FloatArray e,
      FloatArray f,
      FloatArray g,
      FloatArray h,
      FloatArray i,
      FloatArray j,
      FloatArray k,
      FloatArray l,
      FloatArray m,
      FloatArray n) {
    if (pass.get(Pass.ROWS) < 0) {
      float sum = a.get(0) + b.get(0) + c.get(0) + d.get(0) + e.get(0) + f.get(0) + g.get(0);
      sum += h.get(0) + i.get(0) + j.get(0) + k.get(0) + l.get(0) + m.get(0) + n.get(0);
      pass.set(Pass.ROWS, (int) sum);
    }
  }

  static void readInts(
      KernelContext context,
      IntArray pass,
      IntArray a,
      IntArray b,
      IntArray c,
      IntArray d,
      IntArray e,
      IntArray f) {
    if (pass.get(Pass.ROWS) < 0) {
      int sum = a.get(0) + b.get(0) + c.get(0) + d.get(0) + e.get(0) + f.get(0);
      pass.set(Pass.ROWS, sum);
    }
  }

  static void readHalves(
      KernelContext context,
      IntArray pass,
      HalfFloatArray a,
      HalfFloatArray b,
      HalfFloatArray c,
      HalfFloatArray d,
      HalfFloatArray e,
      HalfFloatArray f,
      int read) {
    if (pass.get(Pass.ROWS) < 0) {
      if (read == 1) {
        float sum = a.get(0).getFloat32() + b.get(0).getFloat32() + c.get(0).getFloat32();
        sum += d.get(0).getFloat32() + e.get(0).getFloat32() + f.get(0).getFloat32();
        pass.set(Pass.ROWS, (int) sum);
      }
    }
  }

  static void writeFloats(
      KernelContext context,
      IntArray pass,
      FloatArray a,
      FloatArray b,
      FloatArray c,
      FloatArray d,
      FloatArray e,
      FloatArray f,
      FloatArray g,
      FloatArray h,
      FloatArray i,
      FloatArray j,
      FloatArray k,
      FloatArray l,
      FloatArray m,
      FloatArray n) {
    if (pass.get(Pass.ROWS) < 0) {
      a.set(0, 0);
      b.set(0, 0);
      c.set(0, 0);
      d.set(0, 0);
      e.set(0, 0);
      f.set(0, 0);
      g.set(0, 0);
      h.set(0, 0);
      i.set(0, 0);
      j.set(0, 0);
      k.set(0, 0);
      l.set(0, 0);
      m.set(0, 0);
      n.set(0, 0);
    }
  }

  static void writeHalves(
      KernelContext context,
      IntArray pass,
      HalfFloatArray a,
      HalfFloatArray b,
      HalfFloatArray c,
      HalfFloatArray d,
      int write) {
    if (pass.get(Pass.ROWS) < 0) {
      if (write == 1) {
        a.set(0, new HalfFloat(0f));
        b.set(0, new HalfFloat(0f));
        c.set(0, new HalfFloat(0f));
        d.set(0, new HalfFloat(0f));
      }
    }
  }

  static void writeInts(
      KernelContext context,
      IntArray pass,
      IntArray a,
      IntArray b,
      IntArray c,
      IntArray d,
      IntArray e,
      IntArray f,
      IntArray g) {
    if (pass.get(Pass.ROWS) < 0) {
      a.set(0, 0);
      b.set(0, 0);
      c.set(0, 0);
      d.set(0, 0);
      e.set(0, 0);
      f.set(0, 0);
      g.set(0, 0);
    }
  }
}
