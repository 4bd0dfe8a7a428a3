package gpt.cli.output.explore;

import com.google.gson.stream.JsonWriter;
import gpt.Loss;
import gpt.cli.output.StandardOutput;
import gpt.engine.Engine;
import gpt.explore.Windows;
import gpt.load.LoadedModel;
import java.io.IOException;
import java.io.Writer;
import java.util.Locale;

/**
 * The loss of a text with perplexity and bits per byte, as a few lines or as JSON.
 *
 * @param windows how the text was cut into windows
 * @param seconds the time that measuring took
 */
public record LossReport(LoadedModel model, Loss loss, Windows windows, double seconds) {

  /** A line for each figure. */
  public String text() {
    StringBuilder text = new StringBuilder();
    line(text, "tokens", "%,d, all but the first", loss.tokens());
    line(
        text,
        "windows",
        "%,d of %s%,d tokens, stride %,d",
        windows.count(),
        windows.count() > 1 ? "" : "up to ",
        windows.context(),
        windows.stride());
    line(text, "loss", "%.5f nats, %.5f bits a token", loss.nats(), loss.bits());
    line(text, "perplexity", "%.5f", loss.perplexity());
    if (loss.bytes().isPresent()) {
      line(text, "bytes", "%,d, %.5f bits a byte", loss.bytes().getAsLong(), loss.bitsPerByte());
    }
    return text.toString();
  }

  private static void line(StringBuilder text, String name, String format, Object... values) {
    text.append(String.format("%-11s ", name));
    text.append(String.format(Locale.ROOT, format, values)).append('\n');
  }

  /**
   * Writes one JSON object on a line.
   *
   * @param each the tokens to list in it; null for none
   */
  public void writeJson(TokenLosses each) throws IOException {
    Writer out = StandardOutput.writer();
    JsonWriter object = new JsonWriter(out);
    Engine engine = model.engine();
    object.beginObject();
    object.name("tokens").value(loss.tokens());
    number(object.name("loss_nats"), loss.nats());
    number(object.name("loss_bits"), loss.bits());
    number(object.name("perplexity"), loss.perplexity());
    number(object.name("bits_per_byte"), loss.bitsPerByte());
    object.name("windows").value(windows.count());
    object.name("stride").value(windows.stride());
    object.name("context").value(windows.context());
    object.name("device").value(engine.device());
    object.name("dtype").value(engine.dtype());
    object.name("timings").beginObject();
    object.name("load_s").value(model.seconds());
    object.name("loss_s").value(seconds);
    object.name("tokens_per_s").value(loss.tokens() / seconds);
    object.endObject();
    if (each != null) {
      each.write(object.name("per_token"));
    }
    object.endObject();
    object.flush();
    out.write('\n');
    out.flush();
  }

  /** Writes a number, or null if it is infinite or NaN, which JSON cannot express. */
  static void number(JsonWriter out, double value) throws IOException {
    if (Double.isFinite(value)) {
      out.value(value);
    } else {
      out.nullValue();
    }
  }
}
