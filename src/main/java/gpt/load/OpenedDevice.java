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
 * @param engine ready to run
 * @param notes lines on which device it is, and why, and what the user should know of it and of the
 *     model
 * @param name of the device, as its driver or system has it; looked up when it is asked for
 * @param bandwidth a probe of the memory that the weights are in; null where none makes sense
 * @param profiler what the device has done since the last call; null where nothing is counted
 */
public record OpenedDevice(
    Engine engine,
    List<String> notes,
    Supplier<String> name,
    Supplier<Bandwidth> bandwidth,
    Supplier<Optional<Profile.Totals>> profiler) {

  /** The same with lines of notes before its own. */
  public OpenedDevice withNotes(List<String> first) {
    List<String> all = new ArrayList<>(first);
    all.addAll(notes);
    return new OpenedDevice(engine, List.copyOf(all), name, bandwidth, profiler);
  }

  /** What the device has done since the last call. */
  public Optional<Profile.Totals> profile() {
    return profiler == null ? Optional.empty() : profiler.get();
  }
}
