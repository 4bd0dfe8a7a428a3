package gpt.kernels;

import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** An array that a case's kernel writes, and what must be in it afterwards. */
sealed interface Output {
  TornadoNativeArray array();

  void poison();

  /** Describes what is wrong with the result; null if nothing is. */
  String check(KernelCase.Tolerance tolerance);

  /** An output of floats or halves. */
  record FloatOutput(TornadoNativeArray array, double[] expected, float[] before)
      implements Output {
    @Override
    public void poison() {
      for (int i = 0; i < array.getSize(); i++) {
        if (array instanceof FloatArray floats) {
          floats.set(i, before(i));
        } else {
          ((HalfFloatArray) array).set(i, new HalfFloat(before(i)));
        }
      }
    }

    private float before(int i) {
      float value = before == null ? KernelCase.POISON : before[i];
      return array instanceof FloatArray ? value : new HalfFloat(value).getFloat32();
    }

    @Override
    public String check(KernelCase.Tolerance ofCase) {
      KernelCase.Tolerance tolerance =
          array instanceof FloatArray ? ofCase : KernelCase.Tolerance.HALF;
      double squares = 0;
      double errors = 0;
      double largest = 0;
      double magnitude = 0;
      int worst = 0;
      for (int i = 0; i < array.getSize(); i++) {
        float found = KernelCase.element(array, i);
        if (i >= expected.length || Double.isNaN(expected[i])) {
          if (Float.floatToRawIntBits(found) != Float.floatToRawIntBits(before(i))) {
            return "element " + i + " must not be written, but became " + found;
          }
          continue;
        }
        double error = Math.abs(found - expected[i]);
        if (!(error >= 0) || !Float.isFinite(found)) {
          return "element " + i + " is " + found + ", expected " + expected[i];
        }
        squares += expected[i] * expected[i];
        errors += error * error;
        magnitude = Math.max(magnitude, Math.abs(expected[i]));
        if (error > largest) {
          largest = error;
          worst = i;
        }
      }
      double nmse = errors / Math.max(squares, 1e-30);
      if (nmse > tolerance.nmse() || largest > tolerance.largest() * Math.max(magnitude, 1e-3)) {
        float found = KernelCase.element(array, worst);
        String element = "element " + worst + " is " + found + ", expected " + expected[worst];
        return before == null && found == before(worst)
            ? element + ": nothing was stored there"
            : element + " (normalized mean squared error " + (float) nmse + ")";
      }
      return null;
    }
  }

  record IntOutput(IntArray array, int[] expected, int[] before) implements Output {
    @Override
    public void poison() {
      for (int i = 0; i < array.getSize(); i++) {
        array.set(i, i < before.length ? before[i] : KernelCase.INT_POISON);
      }
    }

    @Override
    public String check(KernelCase.Tolerance tolerance) {
      int[] found = array.toHeapArray();
      for (int i = 0; i < expected.length; i++) {
        if (found[i] != expected[i]) {
          return "element " + i + " is " + found[i] + ", expected " + expected[i];
        }
      }
      for (int i = expected.length; i < found.length; i++) {
        if (found[i] != before[i]) {
          return "element " + i + " must not be written, but became " + found[i];
        }
      }
      return null;
    }
  }
}
