package gpt.server.api;

import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;

/** Parses the body of {@code POST /v1/completions}. */
public final class CompletionParser {
  /** OpenAI's default of {@code max_tokens}. */
  private static final int DEFAULT_MAX_TOKENS = 16;

  private static final Set<String> NAMES =
      BodyReader.names(CommonOptions.NAMES, "prompt", "prompt_ids", "best_of", "logprobs", "echo");

  private static final Set<String> LINE_NAMES = BodyReader.names(NAMES, BatchLine.CUSTOM_ID);

  private final BodyReader body;
  private final ApiLimits limits;
  private final CommonOptions common;
  private List<Prompt> prompts;
  private int bestOf;
  private int logprobs = -1;
  private boolean echo;

  private CompletionParser(BodyReader body, ApiLimits limits, LongSupplier seeds) {
    this.body = body;
    this.limits = limits;
    common = new CommonOptions(limits, DEFAULT_MAX_TOKENS, seeds);
  }

  /**
   * Parses a body.
   *
   * @throws ApiException if it is not JSON, or an option is unknown or wrong
   */
  public static ApiRequest parse(byte[] body, ApiLimits limits) {
    return BodyReader.read(body, reader -> parse(reader, limits, SamplingFields::drawnSeed));
  }

  /**
   * Parses a body that is part of another text.
   *
   * @param seeds returns the seed of a request that has none
   */
  static ApiRequest parse(BodyReader body, ApiLimits limits, LongSupplier seeds)
      throws IOException {
    return new CompletionParser(body, limits, seeds).parse(NAMES);
  }

  /** As {@link #parse(BodyReader, ApiLimits, LongSupplier)}; the body may have a custom_id. */
  static ApiRequest parseLine(BodyReader body, ApiLimits limits, LongSupplier seeds)
      throws IOException {
    return new CompletionParser(body, limits, seeds).parse(LINE_NAMES);
  }

  private ApiRequest parse(Set<String> names) throws IOException {
    body.object(null, names, this::option);
    if (prompts == null) {
      throw ApiException.invalid("prompt", "prompt is missing: give a text or token ids");
    }
    int generated = bestOf == 0 ? common.choices() : bestOf;
    if (generated < common.choices()) {
      throw ApiException.invalid(
          "best_of", "best_of must be n or more, found " + bestOf + " and " + common.choices());
    }
    if (generated > common.choices() && common.stream()) {
      throw ApiException.invalid("best_of", "best_of cannot be streamed; remove it or stream");
    }
    return common.request(prompts, generated, logprobs, echo);
  }

  private void option(String name) throws IOException {
    switch (name) {
      case "prompt" -> prompts(name, prompt(name));
      case "prompt_ids" -> prompts(name, List.of(new Prompt(null, body.ids(name), name)));
      case "best_of" -> bestOf = body.whole(name, 1, limits.maxChoices());
      case "logprobs" -> logprobs = body.whole(name, 0, ApiLimits.MAX_LOGPROBS);
      case "echo" -> echo = body.flag(name);
      case BatchLine.CUSTOM_ID -> body.text(name); // read by BatchLine
      default -> common.read(body, name);
    }
  }

  private void prompts(String name, List<Prompt> given) {
    if (prompts != null) {
      throw ApiException.invalid(name, "only one of prompt and prompt_ids can be given");
    }
    prompts = given;
  }

  /** A text, ids, or an array whose elements are either. */
  private List<Prompt> prompt(String name) throws IOException {
    List<Prompt> all = new ArrayList<>();
    if (body.peek() == JsonToken.STRING) {
      all.add(new Prompt(body.text(name), null, name));
      return all;
    }
    if (body.peek() != JsonToken.BEGIN_ARRAY) {
      throw ApiException.invalid(
          name,
          "prompt must be a string, token ids, or an array of these, found "
              + BodyReader.name(body.peek()));
    }
    BodyReader.Ids ids = new BodyReader.Ids();
    body.array(
        name,
        Integer.MAX_VALUE,
        () -> {
          JsonToken type = body.peek();
          if (type == JsonToken.NUMBER && all.isEmpty()) {
            ids.add(body.id(name));
          } else if (type == JsonToken.STRING && ids.isEmpty()) {
            all.add(new Prompt(body.text(name), null, name));
          } else if (type == JsonToken.BEGIN_ARRAY && ids.isEmpty()) {
            all.add(new Prompt(null, body.ids(name), name));
          } else {
            throw ApiException.invalid(
                name,
                "prompt must be a string, token ids, or an array of these, found "
                    + BodyReader.name(type)
                    + " in an array");
          }
          if (all.size() > limits.maxChoices()) {
            throw ApiException.invalid(
                name, "prompt may have " + limits.maxChoices() + " elements, found more");
          }
        });
    if (!ids.isEmpty()) {
      all.add(new Prompt(null, ids.array(), name));
    }
    if (all.isEmpty()) {
      throw ApiException.invalid(name, "prompt is an empty array");
    }
    return all;
  }
}
