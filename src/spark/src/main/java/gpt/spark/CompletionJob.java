package gpt.spark;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;

/** Completes the prompts of a file or table: the program for spark-submit. */
public final class CompletionJob {
  private static final Map<String, String> DEFAULTS =
      Map.of(
          "--id", "id",
          "--prompt", "prompt",
          "--request", "{}",
          "--seed", "1337",
          "--parallel", "32",
          "--device", "auto",
          "--dtype", "f32",
          "--threads", "0",
          "--partitions", "0",
          "--query", "SELECT * FROM input");

  private static final List<String> REQUIRED = List.of("--in", "--out", "--model");

  private static final String USAGE =
      """
      usage: spark-submit --class gpt.spark.CompletionJob gpt-spark.jar OPTIONS
        --in PATH          prompts: Parquet, or JSON lines if it ends in .json, .jsonl or .gz
        --out PATH         folder for the completions, Parquet or JSON lines as its name says
        --model MODEL      file of --files, folder of --archives, path on every executor, or name
        --id COLUMN        ids, of which the seeds are made; default id
        --prompt COLUMN    default prompt
        --query SQL        what to complete, from the view input; default SELECT * FROM input
        --request JSON     options of a completion as for /v1/completions; default {}
        --partitions N     tasks; default as Spark divides the input
        --seed S, --parallel N, --device DEVICE, --dtype TYPE, --threads N   as for gpt batch
      """;

  private CompletionJob() {}

  /** Runs the job. */
  public static void main(String[] args) throws IOException {
    Map<String, String> options = new HashMap<>(DEFAULTS);
    for (int i = 0; i < args.length; i += 2) {
      boolean known = DEFAULTS.containsKey(args[i]) || REQUIRED.contains(args[i]);
      if (!known || i + 1 == args.length) {
        throw usage((known ? "no value for " : "unknown option ") + args[i]);
      }
      options.put(args[i], args[i + 1]);
    }
    for (String each : REQUIRED) {
      if (!options.containsKey(each)) {
        throw usage(each + " is missing");
      }
    }
    try (SparkSession spark = SparkSession.builder().appName("gpt completions").getOrCreate()) {
      run(spark, options);
    }
  }

  private static IllegalArgumentException usage(String why) {
    return new IllegalArgumentException(why + "\n" + USAGE);
  }

  private static void run(SparkSession spark, Map<String, String> options) {
    String in = options.get("--in");
    (isJson(in) ? spark.read().json(in) : spark.read().parquet(in))
        .createOrReplaceTempView("input");
    Dataset<Row> prompts = spark.sql(options.get("--query"));
    int partitions = Integer.parseInt(options.get("--partitions"));
    Dataset<Row> completions =
        Completions.of(
            partitions > 0 ? prompts.repartition(partitions) : prompts,
            options.get("--prompt"),
            CompletionOptions.of(options.get("--model"), options.get("--id"))
                .request(options.get("--request"))
                .seed(Long.parseLong(options.get("--seed")))
                .parallel(Integer.parseInt(options.get("--parallel")))
                .device(options.get("--device"))
                .dtype(options.get("--dtype"))
                .threads(Integer.parseInt(options.get("--threads"))));
    String out = options.get("--out");
    var writer = completions.write().mode(SaveMode.ErrorIfExists);
    if (isJson(out)) {
      writer.json(out);
    } else {
      writer.parquet(out);
    }
  }

  private static boolean isJson(String path) {
    return path.matches(".*\\.(jsonl?|gz)/?");
  }
}
