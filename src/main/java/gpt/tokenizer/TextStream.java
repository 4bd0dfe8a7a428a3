package gpt.tokenizer;

import java.util.List;

/** Decodes ids to text incrementally: returns whole characters, and none of a stop string. */
public final class TextStream {
  private final Tokenizer tokenizer;
  private final Utf8Decoder characters;
  private final StopScanner stops;

  /** Decodes the prompt first, since it may end inside a character. */
  public TextStream(Tokenizer tokenizer, int[] prompt, List<String> stops) {
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

  /** Returns an independent copy in the same state. */
  public TextStream copy() {
    return new TextStream(this);
  }

  /** Adds an id and returns the text that is now final. */
  public String add(int id) {
    return stops.add(characters.decode(tokenizer.decode(id)));
  }

  /** Returns the remaining text, after the last id. */
  public String flush() {
    return stops.add(characters.flush()) + stops.flush();
  }

  /** Whether a stop string occurred. */
  public boolean stopped() {
    return stops.stopped();
  }
}
