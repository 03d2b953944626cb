package dev.mishap.control.experiment;

import dev.mishap.rules.experiment.engine.Event;
import dev.mishap.rules.experiment.engine.Phase;
import dev.mishap.rules.experiment.engine.TimelinePoint;

/** Is told of a run's progress, on the thread of the run. */
public interface RunListener {
    void event(Event event);

    /** Something that does not change the run's course, but that its user should know. */
    void notice(String text);

    /** After each poll. {@code nanosToPhaseEnd} is what is left of the phase if all goes well. */
    void polled(Phase phase, TimelinePoint point, long nanosToPhaseEnd);
}
