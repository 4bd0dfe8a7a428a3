package gpt.explore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** How a text is cut, tried out on all small ones. */
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
    int scored = 0; // up to here
    for (int i = 0; i < windows.count(); i++) {
      Windows.Window w = windows.at(i);
      String what = windows + " " + i + ": " + w;
      assertEquals(scored + 1, w.first(), what);
      scored = w.to();
      assertTrue(w.from() >= 0 && w.from() < w.first() && w.first() <= w.to(), what);
      assertTrue(w.to() - w.from() <= context, what);
      assertEquals(w.to() - w.first() + 1, w.scored(), what);
      boolean last = i == windows.count() - 1;
      if (i > 0) {
        assertTrue(w.first() - w.from() >= context - windows.stride() + 1, what);
        assertTrue(last || w.scored() == windows.stride(), what);
      }
      if (windows.stride() == context) {
        assertEquals(i * context, w.from(), what); // nanoGPT's
      } else if (windows.tokens() > context) {
        assertEquals(context, w.to() - w.from(), what); // the last one too
      }
    }
    assertEquals(windows.tokens() - 1, scored, windows.toString());
  }

  @Test
  void whatCannotBeCutIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> new Windows(1, 8, 8));
    assertThrows(IllegalArgumentException.class, () -> new Windows(9, 8, 0));
    assertThrows(IllegalArgumentException.class, () -> new Windows(9, 8, 9));
  }
}
