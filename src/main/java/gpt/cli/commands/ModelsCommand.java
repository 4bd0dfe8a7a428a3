package gpt.cli.commands;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import gpt.GptException;
import gpt.checkpoint.Checkpoint;
import gpt.cli.options.CommonOptions;
import gpt.cli.options.OptionGroup;
import gpt.cli.output.Columns;
import gpt.cli.output.Json;
import gpt.cli.output.StandardOutput;
import gpt.hub.CachedModel;
import gpt.hub.HubCache;
import gpt.hub.HubSettings;
import gpt.model.Bytes;
import gpt.model.GptConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Lists the models in the Hugging Face cache, also those that other tools downloaded. */
@OptionGroup.In(OptionGroup.OUTPUT)
@Command(
    name = "models",
    sortOptions = false,
    description = {
      "Lists the models in the Hugging Face cache by the names that --model takes.",
      "",
      "Models that are not GPT-2s are listed as such: they cannot be run."
    },
    footer = {"", "Examples:", "  gpt models", "  gpt models --json"})
public final class ModelsCommand implements Callable<Integer> {
  private static final String GPT2 = "gpt2";
  private static final int COMMIT_DIGITS = 8;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Mixin private CommonOptions common;

  /**
   * A model and its state.
   *
   * @param config empty if the model cannot be run
   * @param state "complete", or why it cannot be run
   */
  private record Row(
      CachedModel model, Optional<GptConfig> config, Optional<String> dtype, String state) {}

  @Override
  public Integer call() throws IOException {
    Path cache = HubSettings.ofProcess().cache();
    StandardOutput.write(json ? Json.line(toJson(cache)) : toText(cache));
    return CommandLine.ExitCode.OK;
  }

  private static List<Row> rows(Path cache) {
    return new HubCache(cache).models().stream().map(ModelsCommand::row).toList();
  }

  private static Row row(CachedModel model) {
    if (model.type().filter(t -> !t.equals(GPT2)).isPresent()) {
      return bad(model, "not a GPT-2: " + model.type().get());
    }
    return switch (model.state()) {
      case INCOMPLETE -> bad(model, "incomplete: run gpt download again to resume");
      case NO_WEIGHTS -> bad(model, "no model.safetensors");
      case COMPLETE -> complete(model);
    };
  }

  private static Row complete(CachedModel model) {
    try (Checkpoint checkpoint = Checkpoint.open(model.folder())) {
      return new Row(
          model,
          Optional.of(checkpoint.config()),
          Optional.of(checkpoint.dtype().name().toLowerCase(Locale.ROOT)),
          "complete");
    } catch (GptException e) {
      return bad(model, "cannot be run: " + e.getMessage());
    }
  }

  private static Row bad(CachedModel model, String state) {
    return new Row(model, Optional.empty(), Optional.empty(), state);
  }

  /** The table of models in a cache. */
  public static String toText(Path cache) {
    List<Row> rows = rows(cache);
    if (rows.isEmpty()) {
      return "no models in " + cache + "; gpt download gpt2 downloads one\n";
    }
    int names = Math.max(5, rows.stream().mapToInt(r -> name(r).length()).max().orElse(0));
    StringBuilder text = new StringBuilder();
    line(text, names, "model", "commit", "size", "shape");
    for (Row row : rows) {
      String shape =
          row.config()
              .map(
                  c ->
                      "n_layer %d, n_head %d, n_embd %d, %s"
                          .formatted(c.nLayer(), c.nHead(), c.nEmbd(), row.dtype().get()))
              .orElse(row.state());
      String commit = row.model().commit().map(c -> c.substring(0, COMMIT_DIGITS)).orElse("");
      line(text, names, name(row), commit, Bytes.text(row.model().bytes()), shape);
    }
    return text.append("\nin ").append(cache).append('\n').toString();
  }

  private static void line(StringBuilder text, int names, String... columns) {
    text.append(Columns.left(columns[0], names))
        .append("  ")
        .append(Columns.left(columns[1], COMMIT_DIGITS))
        .append("  ")
        .append(Columns.right(columns[2], 9))
        .append("  ")
        .append(columns[3])
        .append('\n');
  }

  /** The model's name without control characters, which a folder's name may contain. */
  private static String name(Row row) {
    return row.model().name().replaceAll("\\p{C}", "?");
  }

  /** The models in a cache as one object. */
  public static JsonObject toJson(Path cache) {
    JsonArray models = new JsonArray();
    for (Row row : rows(cache)) {
      CachedModel model = row.model();
      JsonObject object = new JsonObject();
      object.addProperty("name", model.name());
      object.add("revisions", Json.tree(model.revisions()));
      object.addProperty("commit", model.commit().orElse(null));
      object.addProperty("path", model.folder().toString());
      object.addProperty("bytes", model.bytes());
      object.addProperty("complete", model.state() == CachedModel.State.COMPLETE);
      object.addProperty("runs", row.config().isPresent());
      object.addProperty("state", row.state());
      object.addProperty("model_type", model.type().orElse(null));
      object.addProperty("n_layer", row.config().map(GptConfig::nLayer).orElse(null));
      object.addProperty("n_head", row.config().map(GptConfig::nHead).orElse(null));
      object.addProperty("n_embd", row.config().map(GptConfig::nEmbd).orElse(null));
      object.addProperty("dtype", row.dtype().orElse(null));
      models.add(object);
    }
    JsonObject all = new JsonObject();
    all.addProperty("cache", cache.toString());
    all.add("models", models);
    return all;
  }
}
