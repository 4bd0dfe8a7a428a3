package uk.ac.manchester.tornado.api.emulator;

import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** A kernel of a graph with its arguments, and facts from earlier launches. */
final class Task {
  /** The graph's and the task's name: {@code graph.task}. */
  final String name;

  final Kernel kernel;
  final Object[] args;

  /** Index of the context argument; negative for a kernel with {@code @Parallel} loops. */
  final int context;

  /** The kernel's method; null before it is known. */
  Method method;

  /** The name of the kernel's method, if it is known only from a stack trace. */
  String label;

  /** Whether its bytecode has been checked. */
  boolean checked;

  /** Whether it is known to use barriers. */
  boolean usesBarriers;

  /** Number of finished launches. */
  int launches;

  /** The grid of the last launch. */
  Grid grid;

  Task(String name, Kernel kernel, Object[] args) {
    this.name = name;
    this.kernel = kernel;
    this.args = args;
    int found = -1;
    for (int i = 0; i < args.length; i++) {
      if (args[i] instanceof KernelContext) {
        found = i;
      }
    }
    context = found;
  }

  /** An element's name in the kernel, with the argument's number. */
  String name(Memory memory, int index) {
    int argument = argument(memory);
    return argument < 0
        ? "an array that is not one of its arguments (" + memory.kind() + ")"
        : parameter(argument, "array")
            + "["
            + index
            + "] (argument "
            + (argument + 1)
            + ", "
            + memory.kind()
            + ")";
  }

  /** An array's name outside the kernel. */
  String name(Memory memory) {
    int argument = argument(memory);
    return parameter(argument, "an array")
        + " ("
        + memory.kind()
        + ", argument "
        + (argument + 1)
        + " of "
        + name
        + ")";
  }

  /** The kernel's parameter for an array. */
  String parameter(Memory memory) {
    int argument = argument(memory);
    return parameter(argument, "argument " + (argument + 1));
  }

  private int argument(Memory memory) {
    for (int i = 0; i < args.length; i++) {
      if (args[i] instanceof TornadoNativeArray array && Memory.of(array) == memory) {
        return i;
      }
    }
    return -1;
  }

  private String parameter(int argument, String otherwise) {
    if (argument < 0 || method == null || method.getParameterCount() != args.length) {
      return otherwise;
    }
    Parameter parameter = method.getParameters()[argument];
    return parameter.isNamePresent() ? parameter.getName() : otherwise;
  }

  @Override
  public String toString() {
    String found =
        method == null
            ? label
            : method.getDeclaringClass().getSimpleName() + "." + method.getName();
    return found == null ? name : name + " (" + found + ")";
  }
}
