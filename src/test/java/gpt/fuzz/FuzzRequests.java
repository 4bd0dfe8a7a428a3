package gpt.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** Seeds for the bodies of requests to the server. */
final class FuzzRequests {
  private FuzzRequests() {}

  /** The seeds by name, as {@link FuzzSeeds#of}. */
  static Map<String, byte[]> all() {
    Map<String, String> texts = new LinkedHashMap<>();
    texts.put("valid-text", "{\"prompt\":\"ROMEO:\"}");
    texts.put(
        "valid-completion",
        """
        {"model":"m","prompt":["a",[1,2]],"n":2,"best_of":3,"max_tokens":9,"min_tokens":4,
        "temperature":0.5,"top_p":0.9,"top_k":40,"min_p":0.1,"typical_p":0.8,"seed":-5,
        "repetition_penalty":1.1,"presence_penalty":0.2,"frequency_penalty":-0.3,
        "logit_bias":{"7":-100},"stop":["x","y"],"logprobs":3,"echo":true,"user":"me"}
        """);
    texts.put(
        "valid-stream",
        "{\"prompt_ids\":[0],\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
    texts.put(
        "valid-chat",
        """
        {"messages":[{"role":"system","content":"a"},{"role":"user","content":
        [{"type":"text","text":"b"}]},{"role":"assistant","content":"c","refusal":null}],
        "max_completion_tokens":5,"logprobs":true,"top_logprobs":2}
        """);
    texts.put("valid-tokenize", "{\"model\":null,\"prompt\":\"a\"}");
    texts.put("valid-detokenize", "{\"tokens\":[0,1,2]}");
    texts.put("attack-empty", "");
    texts.put("attack-twice", "{\"prompt\":\"a\",\"prompt\":\"b\"}");
    texts.put("attack-deep", "{\"prompt\":" + "[".repeat(3000) + "]".repeat(3000) + "}");
    texts.put("attack-number", "{\"prompt\":\"a\",\"n\":1e999999999}");
    texts.put("attack-digits", "{\"prompt\":\"a\",\"seed\":" + "9".repeat(4000) + "}");
    texts.put("attack-name", "{\"\\u202e\\n\\u0000" + "x".repeat(3000) + "\":1}");
    texts.put("attack-surrogate", "{\"prompt\":\"\\ud800\"}");
    texts.put("attack-bias", "{\"prompt\":\"a\",\"logit_bias\":{\"9999999999\":1}}");
    Map<String, byte[]> seeds = new LinkedHashMap<>();
    texts.forEach((name, text) -> seeds.put(name, text.getBytes(StandardCharsets.UTF_8)));
    seeds.put("attack-utf8", new byte[] {'{', '"', (byte) 0xC3, '"', ':', '1', '}'});
    return seeds;
  }
}
