package gpt.checkpoint.huggingface;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import gpt.GptException;
import gpt.checkpoint.files.Fault;
import gpt.checkpoint.files.Json;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.tokenizer.ChatTemplate;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Hugging Face's {@code config.json} of a GPT-2, with one key of this program: {@code "bias":
 * false} for a nanoGPT model whose linear layers and norms have no bias.
 *
 * @param model the shape
 * @param tied whether the output projection is the token embedding
 * @param endIds the EOS ids; empty if the files name none
 * @param chatTemplate how the model was trained on conversations; empty for a base model
 */
record HuggingFaceConfig(
    GptConfig model, boolean tied, List<Integer> endIds, Optional<ChatTemplate> chatTemplate) {
  static final String FILE = "config.json";

  /** Its EOS ids take precedence over those of config.json. */
  private static final String GENERATION = "generation_config.json";

  private static final String EOS_ID = "eos_token_id";

  /**
   * Reads a config.json.
   *
   * @throws GptException if the file is missing or damaged, or has an option that this program does
   *     not implement
   */
  static HuggingFaceConfig read(Path file) {
    JsonElement root = Json.read(file);
    if (!root.isJsonObject()) {
      throw Fault.in(file, "expected a JSON object");
    }
    return new Fields(file, root.getAsJsonObject()).config();
  }

  private static List<Integer> endIds(Fields config, int vocabSize) {
    Path file = config.file.resolveSibling(GENERATION);
    Fields fields = config;
    if (Files.isRegularFile(file)) {
      if (!(Json.read(file) instanceof JsonObject generation)) {
        throw Fault.in(file, "expected a JSON object");
      }
      fields = new Fields(file, generation).present(EOS_ID) ? new Fields(file, generation) : config;
    }
    return fields.ids(EOS_ID, vocabSize);
  }

  /** The content of a model's config.json, with a line feed at its end. */
  static String toJson(GptConfig c, boolean tied, List<Integer> endIds) {
    JsonArray architectures = new JsonArray();
    architectures.add("GPT2LMHeadModel");
    JsonObject o = new JsonObject();
    o.add("architectures", architectures);
    o.addProperty("model_type", "gpt2");
    o.addProperty("activation_function", c.gelu() == Gelu.EXACT ? "gelu" : "gelu_new");
    o.addProperty("n_layer", c.nLayer());
    o.addProperty("n_head", c.nHead());
    o.addProperty("n_embd", c.nEmbd());
    o.addProperty("n_inner", c.nInner());
    o.addProperty("n_ctx", c.blockSize());
    o.addProperty("n_positions", c.blockSize());
    o.addProperty("vocab_size", c.vocabSize());
    o.addProperty("layer_norm_epsilon", c.layerNormEpsilon());
    o.addProperty("tie_word_embeddings", tied);
    if (!c.bias()) {
      o.addProperty("bias", false);
    }
    if (endIds.size() == 1) {
      o.addProperty(EOS_ID, endIds.getFirst());
    } else if (!endIds.isEmpty()) {
      JsonArray ids = new JsonArray();
      endIds.forEach(ids::add);
      o.add(EOS_ID, ids);
    }
    return new GsonBuilder().setPrettyPrinting().create().toJson(o) + "\n";
  }

  /** The keys of a JSON object; an error names the file and the key. */
  private record Fields(Path file, JsonObject json) {

    HuggingFaceConfig config() {
      String type = string("model_type", "gpt2");
      if (!type.equals("gpt2")) {
        throw expected("model_type", "gpt2", type);
      }
      if (!flag("scale_attn_weights", true)) {
        throw expected("scale_attn_weights", "true", "false");
      }
      if (flag("scale_attn_by_inverse_layer_idx", false)) {
        throw expected("scale_attn_by_inverse_layer_idx", "false", "true");
      }
      int nEmbd = integer("n_embd");
      int nInner = present("n_inner") ? integer("n_inner") : fourTimes(nEmbd);
      String context = present("n_positions") || !present("n_ctx") ? "n_positions" : "n_ctx";
      try {
        GptConfig model =
            new GptConfig(
                integer("n_layer"),
                integer("n_head"),
                nEmbd,
                integer(context),
                integer("vocab_size"),
                nInner,
                flag("bias", true),
                gelu(),
                present("layer_norm_epsilon") ? number("layer_norm_epsilon") : 1e-5);
        return new HuggingFaceConfig(
            model,
            flag("tie_word_embeddings", true),
            endIds(this, model.vocabSize()),
            chatTemplate());
      } catch (GptException e) {
        throw Fault.in(file, e);
      }
    }

    /** Of all GPT-2s only DialoGPT has parameters for the task "conversational". */
    private Optional<ChatTemplate> chatTemplate() {
      return json.get("task_specific_params") instanceof JsonObject tasks
              && tasks.has("conversational")
          ? Optional.of(ChatTemplate.DIALOGPT)
          : Optional.empty();
    }

    private Gelu gelu() {
      String name = string("activation_function", "gelu_new");
      return switch (name) {
        case "gelu_new", "gelu_accurate", "gelu_fast", "gelu_python_tanh", "gelu_pytorch_tanh" ->
            Gelu.TANH;
        case "gelu", "gelu_python" -> Gelu.EXACT;
        default -> throw expected("activation_function", "gelu_new or gelu", name);
      };
    }

    private boolean present(String key) {
      return json.has(key) && !json.get(key).isJsonNull();
    }

    private int fourTimes(int nEmbd) {
      if (nEmbd > Integer.MAX_VALUE / 4) {
        throw expected("n_embd", "at most " + Integer.MAX_VALUE / 4, String.valueOf(nEmbd));
      }
      return 4 * nEmbd;
    }

    private int integer(String key) {
      if (!present(key)) {
        throw Fault.in(file, key + " is missing");
      }
      double value = number(key);
      if (value != (int) value) {
        throw expected(key, "an integer", json.get(key).toString());
      }
      return (int) value;
    }

    private double number(String key) {
      if (json.get(key) instanceof JsonPrimitive p && p.isNumber()) {
        return p.getAsDouble();
      }
      throw expected(key, "a number", json.get(key).toString());
    }

    /** Reads an id or a list of ids; ids outside the vocabulary are left out. */
    private List<Integer> ids(String key, int vocabSize) {
      List<Integer> ids = new ArrayList<>();
      if (!present(key)) {
        return ids;
      }
      JsonArray all = new JsonArray();
      if (json.get(key) instanceof JsonArray list) {
        all = list;
      } else {
        all.add(json.get(key));
      }
      for (JsonElement each : all) {
        double id = each instanceof JsonPrimitive p && p.isNumber() ? p.getAsDouble() : Double.NaN;
        if (id != Math.rint(id)) {
          throw expected(key, "a token id or a list of token ids", json.get(key).toString());
        }
        if (id >= 0 && id < vocabSize && !ids.contains((int) id)) {
          ids.add((int) id);
        }
      }
      return ids;
    }

    private boolean flag(String key, boolean defaultValue) {
      if (!present(key)) {
        return defaultValue;
      }
      if (json.get(key) instanceof JsonPrimitive p && p.isBoolean()) {
        return p.getAsBoolean();
      }
      throw expected(key, "true or false", json.get(key).toString());
    }

    private String string(String key, String defaultValue) {
      if (!present(key)) {
        return defaultValue;
      }
      if (json.get(key) instanceof JsonPrimitive p && p.isString()) {
        return p.getAsString();
      }
      throw expected(key, "a string", json.get(key).toString());
    }

    private GptException expected(String key, String expected, String found) {
      return Fault.in(file, key + ": expected " + expected + ", found " + found);
    }
  }
}
