package gpt.explore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Windows of all small texts, context windows and strides. */
class WindowsTest {
  @Test
  void everyTokenButTheFirstIsScoredOnce() {
    for (int context = 1; context <= 12; context++) {
      for (int stride = 1; stride <= context; stride++) {
        for (int tokens = 2; tokens <= 50; tokens++) {
          check(new Windows(tokens, context, stride));
        }
      }
    }
  }

  private static void check(Windows windows) {
    int context = windows.context();
    int scored = 0; // the last token scored
    for (int i = 0; i < windows.count(); i++) {
      Windows.Window w = windows.at(i);
      String message = windows + " " + i + ": " + w;
      assertEquals(scored + 1, w.first(), message);
      scored = w.to();
      assertTrue(w.from() >= 0 && w.from() < w.first() && w.first() <= w.to(), message);
      assertTrue(w.to() - w.from() <= context, message);
      boolean last = i == windows.count() - 1;
      if (i > 0) {
        assertTrue(w.first() - w.from() >= context - windows.stride() + 1, message);
        assertTrue(last || w.to() - w.first() + 1 == windows.stride(), message);
      }
      if (windows.stride() == context) {
        assertEquals(i * context, w.from(), message); // as in nanoGPT
      } else if (windows.tokens() > context) {
        assertEquals(context, w.to() - w.from(), message); // also the last window
      }
    }
    assertEquals(windows.tokens() - 1, scored, windows.toString());
  }

  @Test
  void valuesOutOfRangeAreRejected() {
    assertThrows(IllegalArgumentException.class, () -> new Windows(1, 8, 8));
    assertThrows(IllegalArgumentException.class, () -> new Windows(9, 8, 0));
    assertThrows(IllegalArgumentException.class, () -> new Windows(9, 8, 9));
  }
}
