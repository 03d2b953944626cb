package dev.mishap.control.cli;

import dev.mishap.control.experiment.RunListener;
import dev.mishap.rules.experiment.engine.Event;
import dev.mishap.rules.experiment.engine.Phase;
import dev.mishap.rules.experiment.engine.RequestCounts;
import dev.mishap.rules.experiment.engine.TimelinePoint;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.TreeMap;

/** Shows a run's progress: a line per event and, on a terminal, a live line below. Every line carries the experiment's id. */
final class RunConsole implements RunListener {
    private static final int PLAIN_EVERY = 10;

    private final PrintWriter out;
    private final String id;
    private final boolean live;
    private boolean lineIsOpen;
    private long touched;
    private int polls;

    RunConsole(PrintWriter out, String id, boolean live) {
        this.out = out;
        this.id = id;
        this.live = live;
    }

    @Override
    public synchronized void event(Event event) {
        say(String.format(
                Locale.ROOT,
                "%6.1fs %-9s %s",
                event.elapsedNanos() / 1e9,
                event.phase().name().toLowerCase(Locale.ROOT),
                event.text()));
    }

    @Override
    public synchronized void notice(String text) {
        say(text);
    }

    @Override
    public synchronized void polled(Phase phase, TimelinePoint point, long nanosToPhaseEnd) {
        touched += point.touched();
        polls++;
        String text = status(phase, point, nanosToPhaseEnd);
        if (live) {
            // A narrow terminal cuts the line, instead of wrapping it where the next one could not overwrite it.
            out.print("\r\033[K\033[?7l[" + id + "] " + text + "\033[?7h");
            out.flush();
            lineIsOpen = true;
        } else if (polls % PLAIN_EVERY == 0) {
            say(text);
        }
    }

    /** A line of its own, whatever stands in the live line. */
    synchronized void say(String text) {
        endLiveLine();
        out.println("[" + id + "] " + text);
        out.flush();
    }

    synchronized void endLiveLine() {
        if (lineIsOpen) {
            out.print("\r\033[K");
            out.flush();
            lineIsOpen = false;
        }
    }

    private String status(Phase phase, TimelinePoint point, long nanosToPhaseEnd) {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%6.1fs %-9s %.0f s left",
                point.elapsedNanos() / 1e9,
                phase.name().toLowerCase(Locale.ROOT),
                Math.ceil(nanosToPhaseEnd / 1e9)));
        double seconds = Math.max(1e-3, point.intervalNanos() / 1e9);
        new TreeMap<>(point.services())
                .forEach((service, counts) -> text.append(String.format(
                        Locale.ROOT,
                        "; %s %s of %.0f/s, exposed %s of %.0f/s",
                        service,
                        success(counts.all()),
                        counts.all().requests() / seconds,
                        success(counts.exposed()),
                        counts.exposed().requests() / seconds)));
        point.queries()
                .forEach((name, value) ->
                        text.append("; ").append(name).append(' ').append(value));
        return text.append("; ").append(touched).append(" touched").toString();
    }

    private static String success(RequestCounts counts) {
        return counts.requests() == 0
                ? "-"
                : String.format(Locale.ROOT, "%.1f %%", counts.successRate().orElse(0) * 100);
    }
}
