package gpt.spark;

import com.google.gson.JsonObject;
import gpt.batch.Window;
import java.util.Arrays;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.TaskCompletionListener;

/**
 * Completes the prompts of a DataFrame. Each executor loads the model once, and all of its tasks
 * share the engine, which decodes their rows together.
 *
 * <p>A row's seed is made of its id, as {@code gpt batch} makes it of a {@code custom_id}: a task
 * that is retried, or a row in another partition, has the same completion.
 */
public final class Completions {
  private static final int REQUESTS_PER_SLOT = 2;

  private Completions() {}

  /**
   * Adds columns to a DataFrame: {@code text}; {@code ids}; {@code token_logprobs}, one for each
   * token; {@code stop_reason}, {@code stop} or {@code length}; and {@code error}, which says what
   * is wrong with a row whose other columns are null.
   *
   * @param prompt the column with the prompts, a string
   * @throws IllegalArgumentException if a column is missing or taken, or an option is wrong
   */
  public static Dataset<Row> of(Dataset<Row> frame, String prompt, CompletionOptions options) {
    StructType schema = frame.schema();
    int promptIndex = index(schema, prompt);
    int idIndex = index(schema, options.id());
    RowRequest.options(options); // refused here, before anything runs
    StructType all = schema;
    for (var column : RowRequest.columns().fields()) {
      if (Arrays.asList(schema.fieldNames()).contains(column.name())) {
        throw new IllegalArgumentException(
            "the DataFrame has a column '" + column.name() + "' already; rename it");
      }
      all = all.add(column);
    }
    return frame.mapPartitions(
        (MapPartitionsFunction<Row, Row>) rows -> complete(rows, idIndex, promptIndex, options),
        Encoders.row(all));
  }

  private static int index(StructType schema, String column) {
    int index = Arrays.asList(schema.fieldNames()).indexOf(column);
    if (index < 0) {
      throw new IllegalArgumentException(
          "the DataFrame has no column '"
              + column
              + "', but "
              + String.join(", ", schema.fieldNames()));
    }
    return index;
  }

  /**
   * Registers a function of SQL, {@code name(id, prompt)}, whose result is a struct of the columns
   * that {@link #of} adds. A task evaluates it one row after another, so as many rows run together
   * as an executor has tasks; {@link #of} is faster.
   */
  public static void register(SparkSession spark, String name, CompletionOptions options) {
    RowRequest.options(options);
    spark
        .udf()
        .register(
            name,
            (UDF2<Object, String, Row>)
                (id, prompt) -> {
                  Row row = RowFactory.create();
                  return request(row, id, prompt, RowRequest.options(options), options, options)
                      .run();
                },
            RowRequest.columns());
  }

  private static RowRequest request(
      Row row,
      Object id,
      Object prompt,
      JsonObject json,
      CompletionOptions options,
      Object caller) {
    if (id == null || prompt == null) {
      throw new IllegalArgumentException(
          "a row has no " + (id == null ? "id" : "prompt") + "; leave such rows out");
    }
    return new RowRequest(
        row,
        RowRequest.line(json, id.toString(), prompt.toString(), options.seed()),
        ExecutorModel.get(options),
        caller);
  }

  private static Iterator<Row> complete(
      Iterator<Row> rows, int id, int prompt, CompletionOptions options) {
    JsonObject json = RowRequest.options(options);
    Object caller = new Object();
    Iterator<RowRequest> requests =
        new Iterator<>() {
          @Override
          public boolean hasNext() {
            return rows.hasNext();
          }

          @Override
          public RowRequest next() {
            Row row = rows.next();
            return request(row, row.get(id), row.get(prompt), json, options, caller);
          }
        };
    Window<Row> window =
        new Window<>(
            Window.Source.of(requests),
            REQUESTS_PER_SLOT * options.parallel(),
            true,
            RowRequest::size);
    TaskContext task = TaskContext.get();
    task.addTaskCompletionListener((TaskCompletionListener) ended -> window.close());
    return new Results(window);
  }

  /** The window's results as an iterator. */
  private static final class Results implements Iterator<Row> {
    private final Window<Row> window;
    private Row next;
    private boolean ended;

    Results(Window<Row> window) {
      this.window = window;
    }

    @Override
    public boolean hasNext() {
      if (next == null && !ended) {
        try {
          next = window.next();
          ended = next == null;
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new IllegalStateException("the task was interrupted", e);
        }
      }
      return next != null;
    }

    @Override
    public Row next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      Row row = next;
      next = null;
      return row;
    }
  }
}
