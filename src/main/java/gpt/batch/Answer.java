package gpt.batch;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import gpt.server.api.ApiException;
import gpt.server.api.ApiRequest;

/**
 * The answer to a line, in the form of OpenAI's batches.
 *
 * @param line the answered line's number
 * @param json the line to write, with its end
 * @param error whether it is an error
 * @param tokens new tokens
 * @param fraction how much of the input had been read with its line; NaN if that is not known
 */
record Answer(long line, byte[] json, boolean error, int tokens, double fraction) {
  /** With this every line of answers begins, followed by the answered line's number. */
  static final String START = "{\"id\":\"batch_req_";

  private static final int OK = 200;

  /** An answer of a file as far as it says to what it is one. */
  record Previous(long line, long fingerprint, boolean error) {}

  /** The answer to a request. */
  static Answer of(BatchInput.Line line, String customId, JsonObject body, int tokens) {
    return new Answer(
        line.number(),
        json(line.number(), customId, OK, body, JsonNull.INSTANCE),
        false,
        tokens,
        line.fraction());
  }

  /** The answer to a line that is wrong, or whose request does not fit the model. */
  static Answer of(BatchInput.Line line, String customId, ApiException why) {
    JsonObject error = new JsonObject();
    error.addProperty("code", why.code() == null ? ApiException.INVALID : why.code());
    error.addProperty("message", why.getMessage());
    return new Answer(
        line.number(),
        json(line.number(), customId, why.status(), why.json(), error),
        true,
        0,
        line.fraction());
  }

  private static byte[] json(
      long line, String customId, int status, JsonObject body, JsonElement error) {
    JsonObject response = new JsonObject();
    response.addProperty("status_code", status);
    response.add("body", body);
    JsonObject json = new JsonObject();
    json.addProperty("id", "batch_req_" + line);
    json.addProperty("custom_id", customId);
    json.add("response", response);
    json.add("error", error);
    return (json + "\n").getBytes(UTF_8);
  }

  /** What distinguishes the answer to a request from those to others. */
  static long fingerprint(String customId, ApiRequest request, String model) {
    return fingerprint(customId, String.valueOf(request.sampling().seed()), model);
  }

  /** What distinguishes an error from those of others. */
  static long fingerprint(String customId) {
    return fingerprint(customId, "error", "");
  }

  private static long fingerprint(String customId, String seed, String model) {
    return Seeds.digest(customId + "\n" + seed + "\n" + model).getLong() | 1; // never 0
  }

  /**
   * Reads an answer.
   *
   * @throws IllegalArgumentException if the line is something else
   */
  static Previous previous(byte[] json) {
    try {
      JsonObject answer = JsonParser.parseString(new String(json, UTF_8)).getAsJsonObject();
      String id = answer.get("id").getAsString();
      long line = Long.parseLong(id.substring("batch_req_".length()));
      String customId = answer.get("custom_id").getAsString();
      if (line < 1) {
        throw new IllegalArgumentException("no line's number: " + line);
      }
      if (!answer.get("error").isJsonNull()) {
        return new Previous(line, fingerprint(customId), true);
      }
      JsonObject body = answer.getAsJsonObject("response").getAsJsonObject("body");
      String seed = body.get("seed").getAsString();
      String model = body.get("model").getAsString();
      return new Previous(line, fingerprint(customId, seed, model), false);
    } catch (JsonParseException | IllegalStateException | NullPointerException e) {
      throw new IllegalArgumentException(e);
    } catch (ClassCastException | IndexOutOfBoundsException e) {
      throw new IllegalArgumentException(e);
    }
  }
}
