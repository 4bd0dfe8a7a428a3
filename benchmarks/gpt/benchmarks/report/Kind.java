package gpt.benchmarks.report;

import gpt.benchmarks.Spec;
import gpt.kernels.KernelOperations;
import java.awt.Color;
import java.awt.Graphics2D;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Kinds of versions and their colours in charts: Okabe and Ito's colour-blind safe palette. */
enum Kind {
  PLAIN("CPU, plain Java", 0x999999),
  VECTOR("CPU, Vector API", 0x0072B2),
  MATRICES("CPU, tornado-matrices", 0x56B4E9),
  NAIVE("device, naive", 0xE69F00),
  THREADS("device, work item per output", 0x009E73),
  GROUPS("device, workgroup per output", 0xD55E00),
  CUBLAS("device, cuBLAS", 0xF0E442),
  WHOLE("device", 0xCC79A7);

  private final String words;
  private final Color colour;

  Kind(String words, int colour) {
    this.words = words;
    this.colour = new Color(colour);
  }

  static Kind of(Spec spec) {
    String version = spec.version();
    if (spec.isCpu()) {
      return switch (version) {
        case Spec.VECTOR -> VECTOR;
        case Spec.MATRICES -> MATRICES;
        default -> PLAIN;
      };
    }
    if (version.equals("naive")) {
      return NAIVE;
    }
    if (version.startsWith("cublas")) {
      return CUBLAS;
    }
    if (version.endsWith("Group")
        || version.equals("tiled")
        || version.equals(KernelOperations.TENSOR_CORES)) {
      return GROUPS;
    }
    return version.contains("Per") ? THREADS : WHOLE;
  }

  /** Draws a one-line legend of the kinds among the rows. */
  static void legend(Graphics2D graphics, List<Comparison> rows, int x, int y) {
    Set<Kind> kinds = EnumSet.noneOf(Kind.class);
    rows.forEach(row -> kinds.add(of(row.spec())));
    for (Kind kind : kinds) {
      graphics.setColor(kind.colour);
      graphics.fillOval(x, y - 9, 9, 9);
      graphics.setColor(Color.BLACK);
      graphics.drawString(kind.words, x + 13, y);
      x += 30 + graphics.getFontMetrics().stringWidth(kind.words);
    }
  }

  Color colour() {
    return colour;
  }
}
