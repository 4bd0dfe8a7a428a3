package gpt.explore;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import gpt.GptException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Parsing of ids as text and in nanoGPT's binary format. */
class TokenIdsTest {
  private static int[] text(String text) {
    return TokenIds.ofText(text.getBytes(UTF_8), "f.txt", 50257);
  }

  private static int[] bin(int... bytes) {
    byte[] all = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      all[i] = (byte) bytes[i];
    }
    return TokenIds.ofBin(all, "val.bin", 50257);
  }

  @Test
  void numbersSeparatedBySpacesLineEndsOrCommas() {
    assertArrayEquals(new int[] {5, 17, 0, 50256}, text(" 5, 17\t\r\n,0 50256\n"));
    assertArrayEquals(new int[] {7}, text("007"));
    assertArrayEquals(new int[0], text(" \n"));
    int[] many = IntStream.range(0, 5000).toArray();
    String list = IntStream.of(many).mapToObj(String::valueOf).collect(Collectors.joining(","));
    assertArrayEquals(many, text(list));
  }

  @Test
  void sixteenBitLittleEndianIds() {
    assertArrayEquals(new int[] {1, 0x1234, 50256}, bin(1, 0, 0x34, 0x12, 0x50, 0xC4));
    assertArrayEquals(new int[0], bin());
  }

  @Test
  void errorsNameThePosition() {
    String expected = ": expected ids separated by spaces, line ends or commas, found '";
    assertRejected("f.txt: line 2" + expected + "[3'", () -> text("1\n2 [3"));
    assertRejected("f.txt: line 1" + expected + "-5'", () -> text("-5"));
    assertRejected("f.txt: line 1" + expected + "\\u{1B}x'", () -> text("\u001bx"));
    assertRejected("f.txt: line 1" + expected + "a".repeat(20) + "…'", () -> text("a".repeat(21)));
    String none = "expected an id before a comma, found none";
    assertRejected("f.txt: line 1: " + none, () -> text("1,,2"));
    assertRejected("f.txt: line 2: " + none, () -> text("1,\n ,2"));
    assertRejected("f.txt: line 1: " + none, () -> text(" ,1"));
    assertRejected(
        "f.txt: line 1: expected an id after the last comma, found none", () -> text("1, 2, "));
    String range = ": this model's ids go from 0 to 50256, found ";
    assertRejected("f.txt: line 3" + range + "50257", () -> text("1\n2\n50257"));
    assertRejected("f.txt: line 1" + range + "a larger number", () -> text("9".repeat(30)));
    assertRejected("val.bin: token 1" + range + "65535", () -> bin(1, 0, 255, 255));
    assertRejected(
        "val.bin: expected 16-bit ids as in nanoGPT's train.bin and val.bin, found an odd number of"
            + " bytes, 3",
        () -> bin(1, 0, 2));
  }

  private static void assertRejected(String message, Runnable reading) {
    assertEquals(message, assertThrows(GptException.class, reading::run).getMessage());
  }
}
