package gpt.checkpoint.torch;

import gpt.checkpoint.files.Fault;
import gpt.checkpoint.files.FileBytes;
import gpt.checkpoint.vocabulary.Characters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads nanoGPT's {@code meta.pkl}: a dict whose {@code itos} maps ids to characters. */
final class MetaPickle {
  static final String FILE = "meta.pkl";

  private MetaPickle() {}

  /**
   * Reads the characters, index = id. Empty if the file does not exist or has no {@code itos}, as
   * with BPE data sets.
   *
   * @throws gpt.GptException if the pickle holds other than plain values, or does not fit the model
   */
  static Optional<List<String>> characters(Path file, int vocabSize) throws IOException {
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    if (!(CheckpointUnpickler.load(file, FileBytes.readAll(file)) instanceof Map<?, ?> meta
        && meta.get("itos") instanceof Map<?, ?> itos)) {
      return Optional.empty();
    }
    List<Object> characters = new ArrayList<>();
    for (int id = 0; id < itos.size(); id++) {
      if (!itos.containsKey(id)) {
        throw Fault.in(
            file, "itos: expected ids 0 to " + (itos.size() - 1) + ", id " + id + " is missing");
      }
      characters.add(itos.get(id));
    }
    return Optional.of(Characters.checked(file, characters, vocabSize));
  }
}
