package gpt.cli.commands.explore;

import gpt.checkpoint.ArrayFile;
import gpt.cli.options.CommonOptions;
import gpt.cli.options.DeviceOptions;
import gpt.cli.options.IdList;
import gpt.cli.options.ModelOptions;
import gpt.cli.options.OptionGroup;
import gpt.cli.options.PromptOptions;
import gpt.cli.options.UsageException;
import gpt.cli.output.StandardOutput;
import gpt.cli.output.explore.ActivationTable;
import gpt.engine.Site;
import gpt.engine.Want;
import gpt.explore.Activations;
import gpt.load.DeviceChoice;
import gpt.load.LoadedModel;
import gpt.load.ModelLocator;
import gpt.model.GptConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Writes activations of a forward pass. */
@OptionGroup.In(OptionGroup.ACTIVATIONS)
@Command(
    name = "activations",
    sortOptions = false,
    description = {
      "Shows activations of the forward pass over a prompt, and writes them to a file: a matrix"
          + " with a row for each token, for each layer and place. Needs a prompt.",
      "resid is the residual stream that enters a layer (its last index is the output of the last"
          + " layer), ln1 its layer norm, q, k and v the queries, keys and values of all heads,"
          + " attn and mlp what attention and the MLP add to the stream.",
      "It runs on the cpu: TornadoVM's kernels overwrite these values from layer to layer."
    },
    footer = {
      "",
      "Examples:",
      "  gpt activations --prompt \"ROMEO:\"",
      "  gpt activations -p \"ROMEO:\" --layer 3 --at attn --out attn.npy",
      "  gpt activations -p \"ROMEO:\" --at q,k,v,resid --out all.safetensors"
    })
public final class ActivationsCommand implements Callable<Integer> {
  private static final Set<Site> SITES = EnumSet.complementOf(EnumSet.of(Site.WEIGHTS));

  @Mixin private ModelOptions model;

  @Mixin private PromptOptions prompt;

  @Option(
      names = "--layer",
      paramLabel = "L,L,...",
      description = "The layers (transformer blocks), from 0. Default: all")
  private String layers;

  @Option(
      names = "--at",
      paramLabel = "PLACE,...",
      defaultValue = "resid",
      description = "Where: resid, ln1, q, k, v, attn, mlp. Default: ${DEFAULT-VALUE}")
  private String places;

  @Mixin private DeviceOptions device;

  @OptionGroup.In(OptionGroup.OUTPUT)
  @Option(
      names = {"-o", "--out"},
      paramLabel = "FILE",
      description =
          "Write the matrices as float32: FILE.safetensors, FILE.npy (one only) or FILE.json.")
  private String out;

  @OptionGroup.In(OptionGroup.OUTPUT)
  @Option(names = "--json", description = "Print the matrices as one JSON object.")
  private boolean json;

  @Mixin private CommonOptions common;

  @Override
  public Integer call() throws IOException {
    device.onHost("TornadoVM's kernels keep no activations");
    device.check();
    prompt.require("activations");
    Set<Site> sites = sites();
    Optional<ArrayFile> file = file();
    int[] chosen = layers == null ? null : IdList.parse("--layer", layers);
    ProbePrompt text = new ProbePrompt(prompt.read(common.quiet));
    try (LoadedModel loaded =
        model.load(
            device,
            DeviceChoice.Use.LOGITS,
            (tokenizer, config) -> {
              checkLayers(sites, chosen, config, file);
              return text.ids(tokenizer, config);
            },
            common)) {
      text.note(loaded.ids()).ifPresent(common::note);
      List<ArrayFile.Matrix> matrices = read(loaded, sites, chosen);
      StandardOutput.write(json ? ActivationTable.json(matrices) : ActivationTable.text(matrices));
      file.ifPresent(
          into -> {
            into.write(matrices);
            common.note("wrote " + into.path());
          });
    }
    return CommandLine.ExitCode.OK;
  }

  private Set<Site> sites() {
    Set<Site> sites = EnumSet.noneOf(Site.class);
    for (String word : places.split(",", -1)) {
      sites.add(
          SITES.stream()
              .filter(site -> site.word().equals(word.strip()))
              .findFirst()
              .orElseThrow(
                  () ->
                      new UsageException(
                          "--at: expected %s, found '%s'"
                              .formatted(
                                  SITES.stream().map(Site::word).collect(Collectors.joining(", ")),
                                  word))));
    }
    return sites;
  }

  private Optional<ArrayFile> file() {
    if (out == null) {
      return Optional.empty();
    }
    try {
      ArrayFile file = ArrayFile.of(ModelLocator.path(out));
      file.check();
      return Optional.of(file);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--out: " + e.getMessage());
    }
  }

  private static void checkLayers(
      Set<Site> sites, int[] chosen, GptConfig config, Optional<ArrayFile> file) {
    int count = 0;
    for (Site site : sites) {
      for (int layer : layers(site, chosen, config)) {
        if (layer >= site.layers(config)) {
          throw new UsageException(
              "--layer: this model's layers at %s go from 0 to %s, found %s"
                  .formatted(site.word(), site.layers(config) - 1, layer));
        }
        count++;
      }
    }
    if (count > 1 && file.isPresent() && file.get().format() == ArrayFile.Format.NPY) {
      throw new UsageException(
          "--out: an .npy file holds one matrix, and "
              + count
              + " are asked for; give one --layer and one --at, or write .safetensors");
    }
  }

  private static int[] layers(Site site, int[] chosen, GptConfig config) {
    if (chosen != null) {
      return Arrays.stream(chosen).distinct().toArray();
    }
    int[] all = new int[site.layers(config)];
    Arrays.setAll(all, i -> i);
    return all;
  }

  private static List<ArrayFile.Matrix> read(LoadedModel loaded, Set<Site> sites, int[] chosen) {
    Map<String, float[][]> found = new LinkedHashMap<>();
    for (Site site : sites) {
      for (int layer : layers(site, chosen, loaded.engine().config())) {
        found.put(name(site, layer), new float[loaded.ids().length][]);
      }
    }
    Activations.read(
        loaded.engine(),
        loaded.ids(),
        0,
        new Want.ProbeReader() {
          @Override
          public boolean wants(Site site, int layer) {
            return found.containsKey(name(site, layer));
          }

          @Override
          public void accept(Site site, int layer, int pos, float[] values) {
            found.get(name(site, layer))[pos] = values;
          }
        });
    List<ArrayFile.Matrix> matrices = new ArrayList<>();
    found.forEach((name, rows) -> matrices.add(new ArrayFile.Matrix(name, rows)));
    return matrices;
  }

  private static String name(Site site, int layer) {
    return site.word() + "." + layer;
  }
}
