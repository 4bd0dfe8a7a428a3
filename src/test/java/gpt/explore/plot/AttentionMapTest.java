package gpt.explore.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import gpt.GptException;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;

class AttentionMapTest {
  private static AttentionMap map(String... labels) {
    List<AttentionMap.Token> tokens =
        IntStream.range(0, labels.length)
            .mapToObj(i -> new AttentionMap.Token(10 + i, labels[i]))
            .toList();
    float[][] weights = new float[labels.length][];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = new float[i + 1];
      weights[i][i / 2] = 0.75f;
      weights[i][i] += 0.25f;
    }
    return new AttentionMap(3, "7", "A model", tokens, weights);
  }

  @Test
  void svgHasATextAlternative() throws Exception {
    Document svg = Svg.parse(PictureEncoder.svg(map("␣a", "</svg>", "␣a")));
    assertEquals(List.of("Attention of layer 3, head 7"), Svg.texts(svg, "title"));
    String description = Svg.texts(svg, "desc").getFirst();
    assertTrue(description.contains("2 ␣a attends most to 1 </svg> (0.75)."), description);
  }

  /** Query 0 is the top row, whose only cell is on the left. */
  @Test
  void rowsGoDownAndLaterKeysHaveNoCells() throws Exception {
    AttentionMap map = map("a", "b", "c", "d");
    BufferedImage image = ImageIO.read(new ByteArrayInputStream(PictureEncoder.png(map)));
    int dark = ColourScale.at(1).getRGB();
    Set<Integer> rows = new TreeSet<>();
    Set<Integer> columns = new TreeSet<>();
    // Only the first row has a weight of 1. The legend on the right has that colour too.
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth() - 250; x++) {
        if (image.getRGB(x, y) == dark) {
          rows.add(y);
          columns.add(x);
        }
      }
    }
    assertFalse(rows.isEmpty());
    int first = rows.iterator().next();
    assertTrue(rows.size() < 250 && first < 150, "rows " + rows);
    int right = image.getWidth() - 300;
    assertEquals(Color.WHITE.getRGB(), image.getRGB(right, first + 20), "later keys");
    assertTrue(columns.iterator().next() < 250, "columns " + columns);
  }

  @Test
  void aPageHasEveryWeightAndLoadsNothing() {
    String page = map("</script><b>", "\"'&", "␣{{style}}").html();
    assertEquals(3, page.split("<script", -1).length, "expected the template's two scripts");
    assertFalse(Pattern.compile("(src|href)=|url\\(|@import|<b>").matcher(page).find());
    Matcher data = Pattern.compile("id=\"data\">(.*?)</script>").matcher(page);
    assertTrue(data.find());
    JsonObject json = JsonParser.parseString(data.group(1)).getAsJsonObject();
    assertEquals("</script><b>", json.getAsJsonArray("labels").get(0).getAsString());
    assertEquals("␣{{style}}", json.getAsJsonArray("labels").get(2).getAsString());
    JsonArray row = json.getAsJsonArray("weights").get(2).getAsJsonArray();
    assertEquals("[0.0,0.75,0.25]", row.toString());
    assertEquals("[10,11,12]", json.getAsJsonArray("ids").toString());
  }

  @Test
  void theLargestWeightsComeFirst() {
    AttentionMap map = map("a", "b", "c", "d");
    assertEquals(List.of(1, 3), map.strongest(3, 2));
    assertEquals(List.of(0), map.strongest(0, 5));
  }

  @Test
  void labelsAreShortenedAndTokensLimited() throws Exception {
    String[] labels = new String[AttentionMap.MAX_DRAWN];
    Arrays.fill(labels, "\uD83D\uDE42".repeat(100));
    AttentionMap map = map(labels);
    String expected = " 99 " + "\uD83D\uDE42".repeat(15) + "… attends most to ";
    String description = Svg.texts(Svg.parse(PictureEncoder.svg(map)), "desc").getFirst();
    assertTrue(description.contains(expected), description);
    PlotFile svg = PlotFile.of(Path.of("a.svg"));
    AttentionMap.check(svg, AttentionMap.MAX_DRAWN);
    AttentionMap.check(PlotFile.of(Path.of("a.html")), 1_000_000);
    GptException e = assertThrows(GptException.class, () -> AttentionMap.check(svg, 101));
    assertTrue(e.getMessage().contains("100 tokens, and the prompt has 101"), e.getMessage());
  }
}
