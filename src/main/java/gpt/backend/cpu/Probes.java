package gpt.backend.cpu;

import gpt.engine.AttentionCapture;
import gpt.engine.Site;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.model.GptConfig;
import java.util.Arrays;
import java.util.List;

/** Copies a step's activations to the {@link Want.Probe}s that read them. */
final class Probes {
  private final GptConfig config;
  private Want.ProbeReader[] readers = {}; // (S); null: no probe
  private AttentionCapture[] captures = {}; // (S): of the current layer; null: not wanted
  private boolean any;

  Probes(GptConfig config) {
    this.config = config;
  }

  void set(List<Work> work) {
    if (readers.length < work.size()) {
      readers = new Want.ProbeReader[work.size()];
      captures = new AttentionCapture[work.size()];
    }
    any = false;
    for (int s = 0; s < work.size(); s++) {
      readers[s] = work.get(s).want() instanceof Want.Probe probe ? probe.reader() : null;
      captures[s] = null;
      any |= readers[s] != null;
    }
  }

  /** Whether a sequence's probe reads what the last block computes after its keys and values. */
  boolean readsLastOutputs(int sequence) {
    int last = config.nLayer() - 1;
    Want.ProbeReader reader = readers[sequence];
    return reader != null
        && (reader.wants(Site.RESID, last + 1)
            || reader.wants(Site.WEIGHTS, last)
            || reader.wants(Site.ATTN, last)
            || reader.wants(Site.MLP, last));
  }

  /**
   * Passes activations to the probes of a site.
   *
   * @param values (rows, stride), of which C from {@code at} on are the site's
   * @param gathered whether the rows are only the gathered output rows
   */
  void read(
      StepRows rows, Site site, int layer, float[] values, int at, int stride, boolean gathered) {
    if (!any) {
      return;
    }
    int row = 0;
    for (int s = 0; s < rows.sequences; s++) {
      int count = gathered ? rows.outputsOf(s) : rows.tokens(s);
      if (readers[s] != null && readers[s].wants(site, layer)) {
        for (int i = 0; i < count; i++) {
          int from = (row + i) * stride + at;
          float[] copy = Arrays.copyOfRange(values, from, from + config.nEmbd());
          readers[s].accept(site, layer, rows.past(s) + i, copy);
        }
      }
      row += count;
    }
  }

  /** Passes the parts of (rows, 3C) to the probes of queries, keys and values. */
  void readQkv(StepRows rows, int layer, float[] qkv) {
    int c = config.nEmbd();
    read(rows, Site.Q, layer, qkv, 0, 3 * c, false);
    read(rows, Site.K, layer, qkv, c, 3 * c, false);
    read(rows, Site.V, layer, qkv, 2 * c, 3 * c, false);
  }

  /** Prepares to capture a layer's attention weights. */
  void beginAttention(StepRows rows, int layer) {
    for (int s = 0; any && s < rows.sequences; s++) {
      if (readers[s] != null && readers[s].wants(Site.WEIGHTS, layer)) {
        captures[s] = new AttentionCapture(config.nHead(), rows.past(s), rows.tokens(s));
      }
    }
  }

  /** What captures a sequence's attention weights in the current layer; null if nothing does. */
  AttentionCapture capture(int sequence) {
    return captures[sequence];
  }

  /** Passes the captured weights to their readers. */
  void endAttention(StepRows rows, int layer) {
    for (int s = 0; any && s < rows.sequences; s++) {
      if (captures[s] != null) {
        captures[s].deliver(layer, readers[s]);
        captures[s] = null;
      }
    }
  }

  /** Drops the references to the readers. */
  void clear() {
    if (any) {
      Arrays.fill(readers, null);
    }
  }
}
