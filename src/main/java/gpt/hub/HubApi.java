package gpt.hub;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import gpt.GptException;
import gpt.hub.HubHttp.Answer;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** What the hub says of a model and its files, and the errors that it answers with. */
final class HubApi {
  private final HubHttp http;
  private final Retries retries;
  private final HubName model;
  private final boolean token;

  HubApi(HubHttp http, Retries retries, HubName model, boolean token) {
    this.http = http;
    this.retries = retries;
    this.model = model;
    this.token = token;
  }

  /**
   * A commit.
   *
   * @param files their names, which may be anything
   */
  record Commit(String id, Set<String> files) {}

  /** The commit that the revision stands for now. */
  Commit commit() throws IOException {
    String path = "/api/models/" + model.repository() + "/revision/" + escaped(model.revision());
    String where = http.host() + path;
    JsonObject json = json(http.hub(path), where, Optional.empty());
    String id = string(json.get("sha"));
    if (!HubCache.isCommit(id) || !(json.get("siblings") instanceof JsonArray siblings)) {
      throw new GptException(where + ": names no commit and its files; is this a hub?");
    }
    Set<String> files = new TreeSet<>();
    for (JsonElement sibling : siblings) {
      files.add(sibling.isJsonObject() ? string(sibling.getAsJsonObject().get("rfilename")) : "");
    }
    return new Commit(id, files);
  }

  /** A small file that tells what else is wanted; its sum is not checked yet. */
  JsonObject json(String commit, String file) throws IOException {
    String where = http.host() + ": " + model.repository() + ": " + file;
    return json(address(commit, file), where, Optional.of(file));
  }

  private JsonObject json(URI address, String where, Optional<String> file) throws IOException {
    return retries.run(
        () -> {
          try (Answer answer = http.get(address)) {
            check(answer, file);
            byte[] body = answer.body().readNBytes(SmallJson.LARGEST + 1);
            if (body.length > SmallJson.LARGEST) {
              throw new GptException(where + ": is larger than " + SmallJson.LARGEST + " bytes");
            }
            return SmallJson.object(where, body);
          } catch (IOException e) {
            throw new PassingException(where + ": " + Text.reason(e), e, null, false);
          }
        });
  }

  private static String string(JsonElement element) {
    return element != null && element.isJsonPrimitive() ? element.getAsString() : "";
  }

  /** Size and sum of a file. */
  RemoteFile describe(String commit, String file) throws IOException {
    return retries.run(
        () -> {
          try (Answer answer = http.head(address(commit, file))) {
            check(answer, Optional.of(file));
            String where = http.host() + ": " + model.repository() + ": " + file;
            String sum =
                answer
                    .hub()
                    .firstValue("X-Linked-Etag")
                    .or(() -> answer.hub().firstValue("ETag"))
                    .map(e -> e.replaceFirst("^W/", "").replace("\"", ""))
                    .orElse("");
            Optional<String> size = answer.hub().firstValue("X-Linked-Size");
            if (size.isEmpty() && answer.status() == 200) {
              size = answer.header("Content-Length");
            }
            if (!Checksum.isSum(sum) || !size.orElse("").matches("\\d{1,18}")) {
              throw new GptException(
                  where + ": the hub gives no size and no sum, so that nothing could be checked");
            }
            return new RemoteFile(file, Long.parseLong(size.get()), sum);
          }
        });
  }

  /** Where a file's bytes come from. */
  URI address(String commit, String file) {
    return http.hub("/" + model.repository() + "/resolve/" + commit + "/" + escaped(file));
  }

  private static String escaped(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /**
   * Lets success pass, and what a {@code HEAD} is told instead of a body: where the bytes are.
   *
   * @param file the one that is asked for; empty for the model as a whole
   * @throws PassingException where the error may pass
   * @throws GptException where it does not
   */
  void check(Answer answer, Optional<String> file) throws PassingException {
    int status = answer.status();
    if (status < 400) {
      return;
    }
    String what = file.map(f -> model.repository() + ": " + f).orElse(model.repository());
    switch (status) {
      case 408, 429, 500, 502, 503, 504 ->
          throw new PassingException(
              answer.from().getAuthority()
                  + ": "
                  + what
                  + ": "
                  + (status == 429 ? "too many requests" : "the server answers " + status),
              null,
              answer.header("Retry-After").flatMap(HubApi::duration).orElse(null),
              false);
      case 401, 403 ->
          throw new GptException(
              answer.from().getAuthority()
                  + ": "
                  + what
                  + (token
                      ? ": the token is not let in; for a gated model, ask for access on its page"
                      : ": no such model, or one that needs a token: check the name, or set"
                          + " HF_TOKEN"));
      case 404 ->
          throw new GptException(
              http.host()
                  + ": "
                  + (answer.header("X-Error-Code").filter("RevisionNotFound"::equals).isPresent()
                      ? model.repository() + " has no revision " + model.revision()
                      : file.isPresent()
                          ? model.repository() + " has no file " + file.get()
                          : "no model " + model));
      default ->
          throw new GptException(
              answer.from().getAuthority() + ": " + what + ": the server answers " + status);
    }
  }

  /** {@code Retry-After}: seconds, or a date. */
  static Optional<Duration> duration(String text) {
    if (text.matches("\\d{1,9}")) {
      return Optional.of(Duration.ofSeconds(Long.parseLong(text)));
    }
    try {
      Duration until =
          Duration.between(
              ZonedDateTime.now(), ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME));
      return Optional.of(until.isNegative() ? Duration.ZERO : until);
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }
}
