package gpt.spark;

import gpt.generate.SchedulerListener;
import gpt.load.Device;
import gpt.load.DeviceChoice;
import gpt.load.LoadedModel;
import gpt.load.ModelLocator;
import gpt.model.Kernels;
import gpt.model.Precision;
import gpt.server.api.ApiLimits;
import gpt.server.api.ServedModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.SparkEnv;
import org.apache.spark.SparkFiles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The models of this executor: one engine each, which all tasks share. */
final class ExecutorModel {
  private static final Logger LOG = LoggerFactory.getLogger(ExecutorModel.class);

  /** What engines differ by. */
  private record Key(String model, int parallel, String device, String dtype, int threads) {}

  private static final Map<Key, ServedModel> OPEN = new HashMap<>();

  private ExecutorModel() {}

  /** The engine for these options; the first caller loads it, the others wait. */
  static ServedModel get(CompletionOptions options) {
    int threads = options.threads() > 0 ? options.threads() : executorCores();
    Key key =
        new Key(options.model(), options.parallel(), options.device(), options.dtype(), threads);
    synchronized (OPEN) {
      return OPEN.computeIfAbsent(key, ExecutorModel::open);
    }
  }

  private static int executorCores() {
    return SparkEnv.get().conf().getInt("spark.executor.cores", DeviceChoice.defaultThreads());
  }

  private static ServedModel open(Key key) {
    Path path = path(key.model);
    DeviceChoice device =
        new DeviceChoice(
            Device.parse(key.device), Precision.parse(key.dtype), key.threads, Kernels.AUTO, false);
    DeviceChoice.Use use = new DeviceChoice.Use(key.parallel, false, ApiLimits.MAX_LOGPROBS, 1);
    ServedModel model =
        new ServedModel(
            String.valueOf(path.getFileName()),
            () ->
                LoadedModel.load(
                    path,
                    Optional.empty(),
                    device,
                    use,
                    (tokenizer, config) -> new int[0],
                    fraction -> {}),
            key.parallel,
            loaded -> Optional.empty(),
            Optional.empty(),
            SchedulerListener.NONE);
    LOG.info("loaded {} to {} for {} sequences", path, model.device(), key.parallel);
    model.notes().forEach(LOG::warn); // such as: no Vector API, so slow
    return model;
  }

  /** What Spark has sent with {@code --files} or {@code --archives}, or else a path or a name. */
  private static Path path(String model) {
    Path sent = Path.of(SparkFiles.getRootDirectory(), model);
    return Files.exists(sent) ? sent : ModelLocator.locate(model, false);
  }
}
