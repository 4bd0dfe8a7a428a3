package gpt.load;

import gpt.backend.tornado.Profile;
import gpt.engine.Engine;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A model on a device.
 *
 * @param engine steps the model
 * @param notes lines for the user: the device, why it was chosen, and notes on the model
 * @param slow the one of the notes that says why the device is slower than possible
 * @param name gets the device's name from its driver or the system
 * @param bandwidth opens a probe of the memory that has the weights; null if there is none
 * @param profiler gets the counts and times since its last call; null without profiling
 */
public record OpenedDevice(
    Engine engine,
    List<String> notes,
    Optional<String> slow,
    Supplier<String> name,
    Supplier<Bandwidth> bandwidth,
    Supplier<Optional<Profile.Totals>> profiler) {

  /** The same with more notes before its own. */
  public OpenedDevice withNotes(List<String> first) {
    List<String> all = new ArrayList<>(first);
    all.addAll(notes);
    return new OpenedDevice(engine, List.copyOf(all), slow, name, bandwidth, profiler);
  }

  /** Counts and times since the last call; empty without profiling. */
  public Optional<Profile.Totals> profile() {
    return profiler == null ? Optional.empty() : profiler.get();
  }
}
