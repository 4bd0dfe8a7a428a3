package gpt.batch;

import gpt.GptException;
import gpt.server.api.ApiException;
import gpt.server.api.ApiLimits;
import gpt.server.api.ApiRequest;
import gpt.server.api.BatchLine;
import gpt.server.api.Generation;
import gpt.server.api.ResponseWriter;
import gpt.server.api.ServedModel;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * Reads the lines of a batch on a thread of its own, and makes a task of each without an answer.
 */
final class BatchReader implements Window.Source<Answer> {
  private static final int QUEUE = 64;

  private final ServedModel model;
  private final long seed;
  private final BatchInput input;
  private final Answers answers;
  private final IdSet ids = new IdSet();
  private int answered; // lines with an earlier answer
  private final BlockingQueue<Window.Task<Answer>> tasks = new ArrayBlockingQueue<>(QUEUE);
  private volatile boolean ended;
  private volatile RuntimeException failure;

  /**
   * Creates a reader that has read nothing.
   *
   * @param seed the seed from which those of requests without one are made
   */
  BatchReader(ServedModel model, long seed, BatchInput input, Answers answers) {
    this.model = model;
    this.seed = seed;
    this.input = input;
    this.answers = answers;
  }

  /**
   * Starts reading.
   *
   * @param arrived called when a task has come, and at the end
   */
  void start(Runnable arrived) {
    Thread.ofPlatform().daemon().name("gpt-batch-reader").start(() -> read(arrived));
  }

  private void read(Runnable arrived) {
    try {
      for (BatchInput.Line line = input.next(); line != null; line = input.next()) {
        Window.Task<Answer> task = task(line);
        if (task != null) {
          tasks.put(task);
          arrived.run();
        }
      }
      if (answered < answers.count()) {
        throw new GptException(
            "the earlier answers include "
                + (answers.count() - answered)
                + " to lines that the input does not have; give another file to --out");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      failure = e;
    }
    ended = true;
    arrived.run();
  }

  @Override
  public Window.Task<Answer> poll() {
    return tasks.poll();
  }

  @Override
  public boolean ended() {
    if (!ended || !tasks.isEmpty()) {
      return false;
    }
    if (failure != null) {
      throw failure; // after the answers to the lines before
    }
    return true;
  }

  /** The task of a line; null if the line has an answer. */
  private Window.Task<Answer> task(BatchInput.Line line) {
    BatchLine parsed = parse(line);
    String id = parsed.customId();
    ApiException error =
        ids.add(id) || parsed.error() != null
            ? parsed.error()
            : wrong("custom_id", "custom_id: an earlier line has it too, '" + id + "'");
    long previous = answers.previous(line.number());
    if (previous == 0) {
      return error == null ? new Request(line, parsed) : new Wrong(line, id, error);
    }
    if (previous != Answer.fingerprint(id)
        && (error != null || previous != Answer.fingerprint(id, parsed.request(), model.name()))) {
      throw new GptException(
          "the answer to line "
              + line.number()
              + " is one to another request, --seed or --model; give another file to --out");
    }
    answered++;
    return null;
  }

  private BatchLine parse(BatchInput.Line line) {
    if (line.bytes() == null) {
      String message = "the line is longer than " + BatchInput.MAX_LINE + " bytes";
      return new BatchLine(String.valueOf(line.number()), null, wrong(null, message));
    }
    return BatchLine.parse(
        line.bytes(), line.number(), ApiLimits.DEFAULT, id -> Seeds.of(seed, id));
  }

  private static ApiException wrong(String param, String message) {
    return new ApiException(400, ApiException.INVALID, param, null, message);
  }

  /** A line that is wrong. */
  private record Wrong(BatchInput.Line line, String id, ApiException why)
      implements Window.Task<Answer> {
    @Override
    public int weight() {
      return 1;
    }

    @Override
    public Answer run() {
      return Answer.of(line, id, why);
    }
  }

  /** A line with a request. */
  private final class Request implements Window.Task<Answer> {
    private final BatchInput.Line line;
    private final BatchLine parsed;

    Request(BatchInput.Line line, BatchLine parsed) {
      this.line = line;
      this.parsed = parsed;
    }

    @Override
    public int weight() {
      return parsed.request().completions();
    }

    @Override
    public Answer run() {
      try {
        ApiRequest request = parsed.request();
        Generation generation = new Generation(model, request, BatchReader.this);
        var choices = generation.collect();
        ResponseWriter response =
            ResponseWriter.reproducible(model, request, "batch-" + line.number());
        return Answer.of(
            line,
            parsed.customId(),
            response.whole(choices, generation.usage()),
            generation.usage().completion());
      } catch (ApiException e) {
        return Answer.of(line, parsed.customId(), e);
      } catch (GptException e) {
        throw new GptException("line " + line.number() + ": " + e.getMessage(), e);
      }
    }
  }
}
