package gpt.kernels;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What the comments at the head of the kernels' sources say about operations and versions. */
final class KernelHeaders {
  private static final Path SOURCES = Path.of("kernels", "gpt", "kernels");

  /** The files with the versions that all projections share. */
  private static final List<String> PROJECTIONS =
      List.of("Projection", "WarpProjection", "BlockedProjection");

  private static final Map<String, String> FILES =
      Map.ofEntries(
          Map.entry("embedding", "Embedding"),
          Map.entry("layernorm", "LayerNorm"),
          Map.entry("qkv", "QkvProjection"),
          Map.entry("attention", "Attention"),
          Map.entry("split-attention", "SplitAttention"),
          Map.entry("attention-merge", "AttentionMerge"),
          Map.entry("prefill-attention", "PrefillAttention"),
          Map.entry("attention-projection", "ResidualProjection"),
          Map.entry("gelu", "GeluProjection"),
          Map.entry("residual", "ResidualProjection"),
          Map.entry("lm-head", "LmHead"),
          Map.entry("cross-entropy", "CrossEntropy"),
          Map.entry("sampling-start", "sampling/SamplingStart"),
          Map.entry("sampling-chain", "sampling/SamplingChain"),
          Map.entry("sampling-chain-all", "sampling/SamplingChain"),
          Map.entry("top-tokens", "sampling/TopTokens"),
          Map.entry("slot-copy-prompt", "runtime/SlotCopy"),
          Map.entry("slot-copy-beam", "runtime/SlotCopy"),
          Map.entry("copy", "runtime/Copy"),
          Map.entry("feed", "runtime/Feed"));

  private KernelHeaders() {}

  /** The source file of an operation. */
  static Path file(String operation) {
    return SOURCES.resolve(FILES.get(operation) + ".java");
  }

  /** What bounds an operation: the header's lines that begin with {@code bound}. */
  static String bound(String operation) {
    Matcher bound =
        Pattern.compile("(?m)^ \\* bound +(.*(?:\n \\*  {5,}.*)*)")
            .matcher(header(file(operation)));
    return bound.find() ? text(bound.group(1)) : "";
  }

  /** What a version does: the first sentence of its line in the header; empty if it has none. */
  static Optional<String> version(String operation, String version) {
    Pattern line =
        Pattern.compile(
            "(?s)<li>[^:<]*\\{@code\\s+" + version + "\\}[^:<]*:?(.*?)(?:</ul>|</ol>|<li>)");
    return Stream.concat(
            Stream.of(FILES.get(operation)),
            FILES.get(operation).endsWith("Attention")
                ? Stream.of("Attention")
                : PROJECTIONS.stream())
        .map(name -> header(SOURCES.resolve(name + ".java")))
        .map(line::matcher)
        .filter(Matcher::find)
        .map(found -> text(found.group(1)))
        .filter(found -> !found.isEmpty() && !found.matches("(for many rows, )?see .*"))
        .map(found -> found.replaceFirst("[.] .*", "").replaceFirst("[.]$", ""))
        .findFirst();
  }

  private static String header(Path file) {
    try {
      String source = Files.readString(file);
      Matcher end = Pattern.compile("(?m)^ \\*/$").matcher(source);
      return end.find() ? source.substring(0, end.start()) : source;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Without the comment's stars and tags. */
  private static String text(String comment) {
    return comment
        .replaceAll("\n \\*( +\n)?", " ")
        .replaceAll("\\{@(?:code|link|linkplain|value)\\s+#?([^}]*)}", "$1")
        .replaceAll("<[^>]*>", "")
        .replaceAll("\\s+", " ")
        .strip();
  }
}
