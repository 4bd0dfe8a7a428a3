package gpt.explore;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import gpt.GptException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Ids as text and as nanoGPT's prepare.py writes them. */
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
  void numbersWithAnythingBetween() {
    assertArrayEquals(new int[] {5, 17, 0, 50256}, text(" 5, 17\t\r\n,0 50256\n"));
    assertArrayEquals(new int[] {7}, text("007"));
    assertArrayEquals(new int[0], text(" \n"));
    int[] many = IntStream.range(0, 5000).toArray();
    String list = IntStream.of(many).mapToObj(String::valueOf).collect(Collectors.joining(","));
    assertArrayEquals(many, text(list));
  }

  @Test
  void sixteenBitsWithTheLowByteFirst() {
    assertArrayEquals(new int[] {1, 0x1234, 50256}, bin(1, 0, 0x34, 0x12, 0x50, 0xC4));
    assertArrayEquals(new int[0], bin());
  }

  @Test
  void errorsSayWhere() {
    String expected = ": expected ids with spaces, line ends or commas between, found '";
    refused("f.txt: line 2" + expected + "[3'", () -> text("1\n2 [3"));
    refused("f.txt: line 1" + expected + "-5'", () -> text("-5"));
    refused("f.txt: line 1" + expected + "\\u{1B}x'", () -> text("\u001bx"));
    refused("f.txt: line 1" + expected + "a".repeat(20) + "…'", () -> text("a".repeat(21)));
    String none = "expected an id before a comma, found none";
    refused("f.txt: line 1: " + none, () -> text("1,,2"));
    refused("f.txt: line 2: " + none, () -> text("1,\n ,2"));
    refused("f.txt: line 1: " + none, () -> text(" ,1"));
    refused(
        "f.txt: line 1: expected an id behind the last comma, found none", () -> text("1, 2, "));
    String range = ": this model's ids go from 0 to 50256, found ";
    refused("f.txt: line 3" + range + "50257", () -> text("1\n2\n50257"));
    refused("f.txt: line 1" + range + "a larger number", () -> text("9".repeat(30)));
    refused("val.bin: token 1" + range + "65535", () -> bin(1, 0, 255, 255));
    refused(
        "val.bin: has 3 bytes, and ids of 16 bits would be an even number: is it one of nanoGPT's"
            + " train.bin and val.bin?",
        () -> bin(1, 0, 2));
  }

  private static void refused(String message, Runnable reading) {
    assertEquals(message, assertThrows(GptException.class, reading::run).getMessage());
  }
}
