package gpt.server.explore;

import com.google.gson.JsonObject;
import gpt.GptException;
import gpt.engine.Engine;
import gpt.explore.plot.LayersData;
import gpt.explore.plot.StepData;
import gpt.model.GptConfig;
import gpt.sampling.ChainTrace;
import gpt.sampling.History;
import gpt.sampling.HostSampler;
import gpt.sampling.InvalidLogitsException;
import gpt.sampling.SamplingParameters;
import gpt.sampling.Weight;
import gpt.server.api.ApiException;
import gpt.server.api.Json;
import gpt.server.api.ServedModel;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;

/** Answers the page's requests: each from one or a few steps of the shared engine. Thread-safe. */
public final class Explorer {
  private final ServedModel model;

  /** Explores a model. */
  public Explorer(ServedModel model) {
    this.model = model;
  }

  /**
   * What the page needs to know of the model: its shape, the tokens' labels, the chain's tables.
   */
  public JsonObject model() {
    GptConfig config = model.config();
    JsonObject json = new JsonObject();
    json.addProperty("model", model.name());
    json.addProperty("device", model.device());
    json.addProperty("dtype", model.dtype());
    json.addProperty("n_layer", config.nLayer());
    json.addProperty("n_head", config.nHead());
    json.addProperty("n_embd", config.nEmbd());
    json.addProperty("block_size", config.blockSize());
    json.add("coefficients", Json.tree(Weight.coefficients()));
    json.add("end_ids", Json.tree(model.endIds()));
    json.add("labels", Json.tree(model.vocabulary().labels(config.vocabSize())));
    return json;
  }

  /**
   * One step: the logits of all tokens, the random number, and the token that the chain draws.
   *
   * @throws ApiException if the body is not understood or does not fit the model
   */
  public JsonObject step(byte[] body) {
    StepBody request = StepBody.parse(body);
    int[] ids = request.context().ids(model);
    if (request.step() >= ids.length) {
      throw ApiException.invalid(
          "step",
          "step must be less than the number of tokens, "
              + ids.length
              + ", since the last step tokens are generated ones; found "
              + request.step());
    }
    SamplingParameters sampling = request.sampling();
    sampling.logitBias().keySet().forEach(id -> model.checkId(id, "logit_bias"));
    JsonObject json =
        StepData.of(null, ids, trace(ids, sampling, request.sample(), request.step()))
            .json()
            .getAsJsonObject();
    json.addProperty("seed", sampling.seed());
    json.addProperty("sample", request.sample());
    json.addProperty("step", request.step());
    return json;
  }

  /** The last {@code step} ids are generated tokens. */
  private ChainTrace trace(int[] ids, SamplingParameters sampling, int sample, int step) {
    // The scheduler finds the context's keys and values in its prefix cache.
    float[] logits =
        model
            .generator()
            .firstTrace(ids, new int[0], SamplingParameters.greedy(), (given, kept) -> {})
            .logits();
    History history = new History(logits.length);
    history.start(Arrays.copyOf(ids, ids.length - step));
    for (int i = ids.length - step; i < ids.length; i++) {
      history.add(ids[i]);
    }
    try {
      return new HostSampler(sampling, logits.length, model.endIds())
          .trace(logits, history, sample, step);
    } catch (InvalidLogitsException e) {
      throw ApiException.invalid("logit_bias", "logit_bias: " + e.getMessage());
    }
  }

  /** What the model would say after each layer, at the last token of a context. */
  public JsonObject lens(byte[] body) {
    return probed(body, (engine, ids) -> LayersData.lens(engine, ids, ids.length - 1));
  }

  /** What the last token of a context attends to, in all heads of all layers. */
  public JsonObject attention(byte[] body) {
    return probed(body, (engine, ids) -> LayersData.attention(engine, ids, ids.length - 1));
  }

  private JsonObject probed(byte[] body, BiFunction<Engine, int[], List<JsonObject>> answer) {
    int[] ids = ContextFields.parse(body).ids(model);
    try {
      return model.engine().call(1, engine -> answer.apply(engine, ids).getFirst());
    } catch (GptException e) {
      if (e.getCause() instanceof UnsupportedOperationException) {
        throw ApiException.refused(400, "device_cannot_probe", e.getMessage());
      }
      throw e;
    }
  }

  /** The tree of a beam search. */
  public JsonObject beams(byte[] body) {
    return BeamsBody.parse(body).answer(model);
  }

  /** The loss of each token of a text, and what was likelier. */
  public JsonObject loss(byte[] body) {
    int[] ids = ContextFields.parse(body).ids(model);
    if (ids.length < 2) {
      throw ApiException.invalid(
          "prompt", "prompt must have 2 tokens or more: the first has no loss; found 1");
    }
    return model.engine().call(1, engine -> LossAnswer.of(engine, ids));
  }
}
