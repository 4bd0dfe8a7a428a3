package gpt.generate;

import gpt.tokenizer.Tokenizer;
import gpt.tokenizer.Utf8Decoder;
import java.util.List;

/** Ids to printable text, piece by piece: whole characters only, and none of a stop string. */
final class TextStream {
  private final Tokenizer tokenizer;
  private final Utf8Decoder characters;
  private final StopScanner stops;

  /** A character that the prompt ends inside of is begun here. */
  TextStream(Tokenizer tokenizer, int[] prompt, List<String> stops) {
    this.tokenizer = tokenizer;
    this.stops = new StopScanner(stops);
    characters = new Utf8Decoder();
    for (int id : prompt) {
      characters.decode(tokenizer.decode(id));
    }
  }

  private TextStream(TextStream other) {
    tokenizer = other.tokenizer;
    characters = other.characters.copy();
    stops = other.stops.copy();
  }

  /** Another one that has come as far, to go on with other ids. */
  TextStream copy() {
    return new TextStream(this);
  }

  /** Takes an id and returns the text that is safe to print now. */
  String add(int id) {
    return stops.add(characters.decode(tokenizer.decode(id)));
  }

  /** Returns the rest: no more ids will come. */
  String flush() {
    return stops.add(characters.flush()) + stops.flush();
  }

  /** Whether a stop string was completed. */
  boolean stopped() {
    return stops.stopped();
  }
}
