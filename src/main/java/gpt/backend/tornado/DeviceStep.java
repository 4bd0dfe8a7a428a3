package gpt.backend.tornado;

import gpt.engine.HostWants;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.model.GptConfig;
import gpt.sampling.InvalidLogitsException;
import gpt.sampling.Logprobs;
import java.util.ArrayList;
import java.util.List;

/**
 * A step of a {@link TornadoEngine}: a pass over each sequence's prompt tokens, then one pass of
 * decode's kernels over the rows of all sequences whose next token is asked for.
 */
final class DeviceStep {
  private final GptConfig config;
  private final DeviceBuffers buffers;
  private final TornadoForward forward;
  private final float[] logits; // one row, read by the host (V)

  /** The sequences whose next rows are on the device, in order; null if rows must be uploaded. */
  private List<TornadoSequence> onDevice;

  DeviceStep(GptConfig config, DeviceBuffers buffers, TornadoForward forward) {
    this.config = config;
    this.buffers = buffers;
    this.forward = forward;
    logits = new float[config.vocabSize()];
  }

  /** Extends the sequences and delivers what each asks for. */
  void run(List<Work> work) {
    List<Work> rows = new ArrayList<>(); // drawn rows come first
    for (Work piece : work) {
      if (isDrawn(piece)) {
        rows.add(piece);
      }
    }
    int drawn = rows.size();
    boolean same = drawn == work.size() && isOnDevice(work);
    onDevice = null;
    if (!same) {
      for (Work piece : work) {
        if (isDecoded(piece) && !isDrawn(piece)) {
          rows.add(piece);
        }
        prompt(piece);
      }
    }
    if (!rows.isEmpty()) {
      if (!same) {
        feed(rows, drawn);
      }
      int keys = 0;
      for (Work piece : rows) {
        keys = Math.max(keys, of(piece).length() + piece.tokens());
      }
      forward.decode(rows.size(), keys);
      try {
        finish(rows, drawn);
      } catch (RuntimeException | Error e) {
        rows.forEach(piece -> of(piece).forget());
        throw e;
      }
      if (drawn == work.size()) {
        onDevice = rows.stream().map(DeviceStep::of).toList();
      }
    }
    for (Work piece : work) {
      of(piece).grow(piece.tokens());
    }
  }

  private static TornadoSequence of(Work piece) {
    return (TornadoSequence) piece.sequence();
  }

  // Which kernels compute which rows.

  /** Whether decode's kernels compute a piece's last token. */
  private static boolean isDecoded(Work piece) {
    return piece.append().length == 0
        || piece.want() instanceof Want.Token
        || piece.want() instanceof Want.Candidates
        || piece.want() instanceof Want.Logits wanted && wanted.rows() == 1;
  }

  /** Whether the device draws a piece's next token. */
  private boolean isDrawn(Work piece) {
    return piece.want() instanceof Want.Token token
        && !token.traced()
        && buffers.sampling.fits(of(piece).drawing());
  }

  /** Whether all rows of the step are on the device already. */
  private boolean isOnDevice(List<Work> work) {
    if (onDevice == null || onDevice.size() != work.size()) {
      return false;
    }
    for (int i = 0; i < work.size(); i++) {
      Work piece = work.get(i);
      int step = ((Want.Token) piece.want()).step();
      TornadoSequence next = onDevice.get(i);
      if (piece.sequence() != next || piece.append().length > 0 || !next.isNext(step)) {
        return false;
      }
    }
    return true;
  }

  // Prompts.

  /** Runs the prompt's kernels on a piece's tokens, and delivers what it asks for. */
  private void prompt(Work piece) {
    TornadoSequence of = of(piece);
    int rows = isDecoded(piece) ? piece.tokens() - 1 : piece.tokens();
    if (rows == 0) {
      return;
    }
    buffers.request.begin();
    for (int r = 0; r < rows; r++) {
      buffers.request.row(piece.append()[r], of.length() + r, of.slot());
    }
    forward.feed(rows);
    forward.prompt(rows);
    switch (piece.want()) {
      case Want.Losses losses ->
          forward.losses(rows - losses.targets().length, losses.targets(), losses.losses());
      case Want.Logits wanted when !isDecoded(piece) -> {
        int first = rows - wanted.rows();
        for (int from = first; from < rows; from += buffers.maxLogitRows) {
          int count = Math.min(buffers.maxLogitRows, rows - from);
          forward.logitRows(from, count);
          for (int r = 0; r < count; r++) {
            accept(piece, from - first + r, of.length() + from + r, r);
          }
        }
      }
      default -> {}
    }
  }

  private void accept(Work piece, int index, int pos, int row) {
    buffers.read(row, logits);
    HostWants.accept(piece, index, pos, logits, config.vocabSize());
  }

  // Decode.

  /** Uploads the pass's rows, one for each piece, and the parameters that changed. */
  private void feed(List<Work> rows, int drawn) {
    boolean tops = rows.stream().anyMatch(piece -> tops(piece) > 0);
    for (Work piece : tops ? rows : rows.subList(0, drawn)) {
      upload(of(piece), tops(piece));
    }
    buffers.request.begin();
    for (int r = 0; r < rows.size(); r++) {
      Work piece = rows.get(r);
      TornadoSequence of = of(piece);
      int[] ids = piece.append();
      int token = ids.length == 0 ? of.drawn() : ids[ids.length - 1];
      buffers.request.row(token, of.length() + piece.tokens() - 1, of.slot());
      if (r < drawn) {
        buffers.request.drawnRow(r, of.slot(), ((Want.Token) piece.want()).step());
      } else {
        buffers.request.logitRow(r, of.slot());
      }
    }
    forward.feed(rows.size());
  }

  private void upload(TornadoSequence of, int tops) {
    if (!of.isUploaded(tops)) {
      boolean draws = of.history() != null && buffers.sampling.fits(of.drawing());
      buffers.sampling.request(
          of.slot(), draws ? of.drawing() : null, of.sample(), of.history(), tops);
      forward.startSampling();
      of.uploaded(tops);
    }
  }

  /** Number of likeliest tokens that the device finds for a piece. */
  private int tops(Work piece) {
    return switch (piece.want()) {
      case Want.Token token when isDrawn(piece) -> fitting(of(piece).drawing().logprobs());
      case Want.Candidates wanted -> fitting(wanted.n());
      default -> 0;
    };
  }

  /** The number of likeliest tokens, or 0 if the buffers have no room for so many. */
  private int fitting(int n) {
    int tops = Math.min(n, config.vocabSize());
    return tops <= buffers.sampling.logprobs ? tops : 0;
  }

  /** Computes and delivers what each row asks for. */
  private void finish(List<Work> rows, int drawn) {
    boolean tops = rows.stream().anyMatch(piece -> tops(piece) > 0);
    boolean read = rows.stream().skip(drawn).anyMatch(this::isRead);
    if (read) {
      forward.logits(rows.size());
    } else if (drawn == 0 && tops) {
      forward.head(rows.size());
    }
    if (drawn > 0) {
      forward.choose(rows.size());
    }
    if (tops) {
      forward.likeliest(rows.size());
    }
    for (int r = drawn; r < rows.size(); r++) {
      finishUndrawn(rows, r, read);
    }
    for (int r = 0; r < drawn; r++) {
      Work piece = rows.get(r);
      Want.Token token = (Want.Token) piece.want();
      int id = buffers.chosen.get(r);
      if (id < 0) {
        token.failed(SamplingBuffers.message(id), of(piece).sample());
        of(piece).forget();
        continue;
      }
      of(piece).drawn(id);
      of(piece).advanced(token.step() + 1);
      token.drawn(id, tops(piece) > 0 ? buffers.sampling.logprobs(r) : null, null);
    }
  }

  private boolean isRead(Work piece) {
    return HostWants.logitRows(piece) > 0 && tops(piece) == 0;
  }

  /** Delivers what a row asks for from which the device draws no token. */
  private void finishUndrawn(List<Work> rows, int r, boolean read) {
    Work piece = rows.get(r);
    TornadoSequence of = of(piece);
    if (piece.want() instanceof Want.Candidates wanted && tops(piece) > 0) {
      int found = buffers.sampling.found(r);
      if (found < 0) {
        throw new InvalidLogitsException(SamplingBuffers.message(found));
      }
      if (found == tops(piece)) {
        Logprobs best = buffers.sampling.logprobs(r);
        wanted.reader().accept(best.ids(), best.values());
        return;
      }
      if (!read) {
        forward.logits(rows.size()); // fewer were found: the others are too unlikely for the kernel
      }
    }
    if (HostWants.logitRows(piece) > 0) {
      accept(piece, 0, of.length() + piece.tokens() - 1, r);
    }
    if (piece.want() instanceof Want.Token) {
      of.forget(); // the host draws
    }
  }
}
