package uk.ac.manchester.tornado.api.emulator;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Finds a kernel and its source position on the stack of the thread that runs it. */
final class Stacks {
  private static final String API = "uk.ac.manchester.tornado.api.";

  /** The class from which kernels are called. */
  private static final String CALLER = API + "TaskGraphTasks";

  /** The frames above the kernel while it waits or throws. */
  private static final Pattern SYSTEM = Pattern.compile("(java|jdk|sun)[.]|" + Pattern.quote(API));

  private static final StackWalker WALKER =
      StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);

  private Stacks() {}

  /** The kernel's frame, preceded by those of the methods it calls; none outside a kernel. */
  private static List<StackWalker.StackFrame> frames(Stream<StackWalker.StackFrame> all) {
    List<StackWalker.StackFrame> found = new ArrayList<>();
    for (Iterator<StackWalker.StackFrame> i = all.iterator(); i.hasNext(); ) {
      StackWalker.StackFrame frame = i.next();
      if (!frame.getClassName().startsWith(API)) {
        found.add(frame);
      } else if (!found.isEmpty()) {
        return frame.getClassName().equals(CALLER) ? found : List.of();
      }
    }
    return List.of();
  }

  /** The kernel's method, or null outside a kernel. */
  static Method kernel() {
    List<StackWalker.StackFrame> frames = WALKER.walk(Stacks::frames);
    if (frames.isEmpty()) {
      return null;
    }
    StackWalker.StackFrame kernel = frames.getLast();
    try {
      return kernel
          .getDeclaringClass()
          .getDeclaredMethod(kernel.getMethodName(), kernel.getMethodType().parameterArray());
    } catch (NoSuchMethodException e) {
      return null;
    }
  }

  /** Identifies the calls that led here, from the kernel on. */
  static int callSite() {
    int site = 1;
    for (StackWalker.StackFrame f : WALKER.walk(Stacks::frames)) {
      site = 31 * (31 * site + f.getMethodName().hashCode()) + f.getByteCodeIndex();
    }
    return site;
  }

  /** The kernel's source position; empty outside a kernel. */
  static String place() {
    List<StackWalker.StackFrame> frames = WALKER.walk(Stacks::frames);
    return frames.isEmpty() ? "" : place(frames.getFirst().toStackTraceElement());
  }

  /** The source position of a kernel on a given stack. */
  static String place(StackTraceElement[] stack) {
    return kernelFrames(stack).findFirst().map(Stacks::place).orElse("");
  }

  /** The name of the kernel on a given stack; null if there is none. */
  static String kernel(StackTraceElement[] stack) {
    return kernelFrames(stack)
        .reduce((inner, outer) -> outer)
        .map(f -> f.getClassName().replaceAll(".*[.]", "") + "." + f.getMethodName())
        .orElse(null);
  }

  private static Stream<StackTraceElement> kernelFrames(StackTraceElement[] stack) {
    return Arrays.stream(stack)
        .dropWhile(f -> SYSTEM.matcher(f.getClassName()).lookingAt())
        .takeWhile(f -> !f.getClassName().startsWith(API));
  }

  private static String place(StackTraceElement frame) {
    return " at " + frame.getFileName() + ":" + frame.getLineNumber();
  }
}
