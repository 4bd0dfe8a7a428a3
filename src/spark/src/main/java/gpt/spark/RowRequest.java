package gpt.spark;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import gpt.batch.Seeds;
import gpt.batch.Window;
import gpt.server.api.ApiException;
import gpt.server.api.ApiLimits;
import gpt.server.api.BatchLine;
import gpt.server.api.Generation;
import gpt.server.api.ResponseWriter;
import gpt.server.api.ServedModel;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * A row's request, which is that of a line of {@code gpt batch}: the same parser, the same seed and
 * the same errors.
 *
 * @param row the row; its values begin the result
 * @param line the request
 * @param model completes it
 * @param caller whose requests start in their order
 */
record RowRequest(Row row, BatchLine line, ServedModel model, Object caller)
    implements Window.Task<Row> {

  /** The columns of a completion. */
  static StructType columns() {
    return new StructType()
        .add("text", DataTypes.StringType)
        .add("ids", DataTypes.createArrayType(DataTypes.IntegerType))
        .add("token_logprobs", DataTypes.createArrayType(DataTypes.DoubleType))
        .add("stop_reason", DataTypes.StringType)
        .add("error", DataTypes.StringType);
  }

  /**
   * The options of all rows' requests.
   *
   * @throws IllegalArgumentException if an option is unknown or wrong
   */
  static JsonObject options(CompletionOptions options) {
    JsonObject request;
    try {
      request = JsonParser.parseString(options.request()).getAsJsonObject();
    } catch (JsonParseException | IllegalStateException e) {
      throw new IllegalArgumentException(
          "the options of a request must be one JSON object, found " + options.request(), e);
    }
    if (request.has("prompt") || request.has("seed") || request.has("custom_id")) {
      throw new IllegalArgumentException("prompt, seed and custom_id are made of each row");
    }
    if (!request.has("logprobs")) {
      request.addProperty("logprobs", 0);
    }
    BatchLine probe = line(request, "id", "prompt", options.seed());
    if (probe.error() != null) {
      throw new IllegalArgumentException(probe.error().getMessage(), probe.error());
    }
    if (probe.request().completions() > 1) {
      throw new IllegalArgumentException("n and best_of must be 1: a row has one completion");
    }
    return request;
  }

  /** The request of an id and a prompt. */
  static BatchLine line(JsonObject options, String id, String prompt, long seed) {
    JsonObject body = options.deepCopy();
    body.addProperty("custom_id", id);
    body.addProperty("prompt", prompt);
    return BatchLine.parse(
        body.toString().getBytes(UTF_8), 0, ApiLimits.DEFAULT, each -> Seeds.of(seed, each));
  }

  @Override
  public int weight() {
    return 1;
  }

  /** The row with its completion's columns. */
  @Override
  public Row run() {
    List<Object> values = new ArrayList<>();
    for (int i = 0; i < row.length(); i++) {
      values.add(row.get(i));
    }
    values.addAll(completion());
    return RowFactory.create(values.toArray());
  }

  private List<Object> completion() {
    List<Object> values = new ArrayList<>();
    try {
      if (line.error() != null) {
        throw line.error();
      }
      Generation generation = new Generation(model, line.request(), caller);
      JsonObject choice =
          ResponseWriter.reproducible(model, line.request(), line.customId())
              .whole(generation.collect(), generation.usage())
              .getAsJsonArray("choices")
              .get(0)
              .getAsJsonObject();
      values.add(choice.get("text").getAsString());
      values.add(list(choice.getAsJsonArray("ids"), JsonElement::getAsInt));
      values.add(
          list(
              choice.getAsJsonObject("logprobs").getAsJsonArray("token_logprobs"),
              JsonElement::getAsDouble));
      values.add(choice.get("finish_reason").getAsString());
      values.add(null);
    } catch (ApiException e) {
      values.clear();
      for (int i = 0; i < columns().size() - 1; i++) {
        values.add(null);
      }
      values.add(e.getMessage());
    }
    return values;
  }

  private static <T> Object list(JsonArray array, Function<JsonElement, T> element) {
    return array.asList().stream().map(e -> e.isJsonNull() ? null : element.apply(e)).toArray();
  }

  /** How much memory a row takes while it waits for an earlier one, about. */
  static long size(Row row) {
    Object text = row.get(row.length() - columns().size());
    return 1024 + (text == null ? 0 : 32L * text.toString().length());
  }
}
