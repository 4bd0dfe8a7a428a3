package gpt.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import gpt.backend.cpu.kernels.CpuKernelsTest;
import gpt.model.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PackedMatrixTest {
  @ParameterizedTest
  @CsvSource({"1,1,16", "5,3,16", "16,64,16", "33,65,32", "100,200,32", "64,129,64"})
  void bothStorageOrdersGiveTheSamePanels(int n, int k, int width) {
    float[] values = CpuKernelsTest.gaussian(new Random(n * 1000L + k), n * k);
    float[] turned = new float[n * k];
    for (int r = 0; r < n; r++) {
      for (int c = 0; c < k; c++) {
        turned[c * n + r] = values[r * k + c];
      }
    }
    Tensor byRow = Tensor.matrix("w", n, k, values);
    Tensor byColumn = Tensor.matrix("w", k, n, turned).transposed();
    try (NativeMemory memory = new NativeMemory();
        Workers workers = new Workers(2)) {
      PackedMatrix a = PackedMatrix.pack(byRow, width, memory, workers);
      PackedMatrix b = PackedMatrix.pack(byColumn, width, memory, workers);
      assertEquals(-1, a.data().mismatch(b.data()));
      assertEquals(PackedMatrix.bytes(n, k, width), a.data().byteSize());
      assertEquals(0, a.data().address() % 64, "alignment");
      for (int r = 0; r < n; r++) {
        float[] row = new float[k + 2];
        a.row(r, row, 1);
        float[] expected = new float[k + 2];
        System.arraycopy(values, r * k, expected, 1, k);
        assertArrayEquals(expected, row, "row " + r);
      }
      for (int r = n; r < a.panels() * width; r++) {
        long at = r / width * a.panelBytes() + 4L * (r % width);
        for (int c = 0; c < k; c++) {
          float padding = a.data().get(ValueLayout.JAVA_FLOAT, at + 4L * c * width);
          assertEquals(0f, padding, "padding row " + r);
        }
      }
    }
  }
}
