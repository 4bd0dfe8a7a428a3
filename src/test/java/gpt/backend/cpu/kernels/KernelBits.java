package gpt.backend.cpu.kernels;

import gpt.backend.cpu.NativeMemory;
import gpt.backend.cpu.PackedMatrix;
import gpt.backend.cpu.Workers;
import gpt.model.Gelu;
import gpt.model.Tensor;
import java.util.Arrays;
import java.util.Random;

/**
 * Prints a hash of the bits of the vector kernels' results after {@code args[0]} rounds. {@link
 * RepeatTest} compares an interpreting JVM with one that has compiled the kernels.
 */
public final class KernelBits {
  private KernelBits() {}

  public static void main(String[] args) {
    Random random = new Random(7);
    int n = 203;
    int rows = 10;
    float[] x = CpuKernelsTest.gaussian(random, rows * n);
    Tensor w = Tensor.matrix("w", n, n, CpuKernelsTest.gaussian(random, n * n));
    CpuKernels kernels = new VectorKernels();
    int hash = 0;
    try (NativeMemory memory = new NativeMemory();
        Workers workers = new Workers(1)) {
      PackedMatrix packed = PackedMatrix.pack(w, kernels.panelWidth(), memory, workers);
      for (int round = 0; round < Integer.parseInt(args[0]); round++) {
        hash = hash(kernels, packed, x.clone(), rows, n);
      }
    }
    System.out.println(hash);
  }

  private static int hash(CpuKernels kernels, PackedMatrix w, float[] x, int rows, int n) {
    float[] out = new float[rows * n];
    kernels.matmul(x, 0, n, rows, w.data(), 0, w.panelBytes(), n, n, out, 0, n);
    int hash = Arrays.hashCode(out);
    kernels.layerNorm(x, 0, n, x, null, 1e-5f, out, 0);
    hash = 31 * hash + Arrays.hashCode(out);
    kernels.softmax(out, 0, n, 0.3f);
    hash = 31 * hash + Arrays.hashCode(out);
    for (Gelu form : Gelu.values()) {
      kernels.gelu(x, 0, n, form);
      hash = 31 * hash + Arrays.hashCode(x);
    }
    return hash;
  }
}
