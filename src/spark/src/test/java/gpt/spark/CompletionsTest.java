package gpt.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.batch.Seeds;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The columns, the function of SQL, and what is refused, in one JVM. */
class CompletionsTest {
  private static final CompletionOptions OPTIONS =
      CompletionOptions.of(
              Path.of(System.getProperty("gpt.root"), "weights/shakespeare-char").toString(), "id")
          .request("{\"max_tokens\": 4}")
          .threads(1);

  private static SparkSession spark;
  private static Dataset<Row> prompts;

  @BeforeAll
  static void start() {
    spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", false)
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .getOrCreate();
    prompts =
        spark.sql(
            "SELECT * FROM VALUES (1, 'ROMEO:'), (2, 'ROMEO:'), (3, '\u00c4') AS t(id, prompt)");
    prompts.createOrReplaceTempView("prompts");
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  @Test
  void theFunctionOfSqlHasTheSameResultsAsTheColumns() {
    List<Row> rows =
        Completions.of(prompts.repartition(2), "prompt", OPTIONS).orderBy("id").collectAsList();
    Completions.register(spark, "complete", OPTIONS);
    List<Row> calls =
        spark.sql("SELECT id, complete(id, prompt) AS c FROM prompts ORDER BY id").collectAsList();
    assertEquals(3, rows.size());
    for (int i = 0; i < rows.size(); i++) {
      Row row = rows.get(i);
      Row call = calls.get(i).getStruct(1);
      for (String column : RowRequest.columns().fieldNames()) {
        Object expected = row.get(row.fieldIndex(column));
        assertEquals(expected, call.get(call.fieldIndex(column)), column);
        assertEquals(i < 2 == column.equals("error"), expected == null, column + " of " + row);
      }
    }
    assertTrue(!rows.get(0).getAs("text").equals(rows.get(1).getAs("text")), "seeds by id");
    assertTrue(rows.get(2).<String>getAs("error").contains("no token for"));
    assertEquals(4, rows.get(0).getList(rows.get(0).fieldIndex("token_logprobs")).size());
  }

  @Test
  void aRowsSeedIsThatOfGptBatch() {
    long seed =
        RowRequest.line(RowRequest.options(OPTIONS), "7", "A", 1337).request().sampling().seed();
    assertEquals(Seeds.of(1337, "7"), seed);
  }

  @Test
  void whatIsWrongIsRefusedBeforeAnythingRuns() {
    refused("no column 'text'", "text", OPTIONS);
    refused("no column 'key'", "prompt", CompletionOptions.of("gpt2", "key"));
    refused("no option 'temprature'", "prompt", OPTIONS.request("{\"temprature\": 1}"));
    refused("must be one JSON object", "prompt", OPTIONS.request("max_tokens"));
    refused("n and best_of must be 1", "prompt", OPTIONS.request("{\"n\": 2}"));
    refused("made of each row", "prompt", OPTIONS.request("{\"seed\": 2}"));
    prompts = prompts.withColumnRenamed("prompt", "text");
    try {
      refused("a column 'text' already", "text", OPTIONS);
    } finally {
      prompts = prompts.withColumnRenamed("text", "prompt");
    }
  }

  private static void refused(String part, String column, CompletionOptions options) {
    String message =
        assertThrows(IllegalArgumentException.class, () -> Completions.of(prompts, column, options))
            .getMessage();
    assertTrue(message.contains(part), message);
  }
}
