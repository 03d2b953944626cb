package dev.mishap.proxy.server;

import dev.mishap.rules.Protection;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What keeps faults in bounds, whatever the rules say.
 *
 * @param killFile while it exists all faults are off; null = none is watched
 * @param killFileGiven whether somebody asked for that file, so that its directory must exist
 * @param protection what rules leave alone unless they name it
 * @param dryRun whether all rules only decide and count
 */
public record SafetyOptions(@Nullable Path killFile, boolean killFileGiven, Protection protection, boolean dryRun) {
    /** Watched if its directory exists when the process starts. */
    public static final String DEFAULT_KILL_FILE = "/run/mishap/kill";

    public static final String KILL_FILE = "MISHAP_KILL_FILE";
    public static final String PROTECT = "MISHAP_PROTECT";
    public static final String DRY_RUN = "MISHAP_DRY_RUN";

    /** Nothing was said. */
    public static final SafetyOptions DEFAULT =
            new SafetyOptions(Path.of(DEFAULT_KILL_FILE), false, Protection.DEFAULT, false);

    /**
     * Reads what was said on the command line, or else by the environment; null and {@code ""} = not said.
     *
     * @param killFile a path, or {@code off}
     * @param protect entries of {@link Protection#parse}
     * @throws IllegalArgumentException naming the one that is wrong
     */
    public static SafetyOptions of(
            @Nullable String killFile,
            @Nullable String protect,
            boolean dryRun,
            UnaryOperator<@Nullable String> environment) {
        String file = said(killFile, environment.apply(KILL_FILE));
        String entries = said(protect, environment.apply(PROTECT));
        String dry = said(dryRun ? "true" : null, environment.apply(DRY_RUN));
        if (dry != null && !dry.equals("true") && !dry.equals("false")) {
            throw new IllegalArgumentException(DRY_RUN + ": expected true or false, got '" + dry + "'");
        }
        return new SafetyOptions(
                path(file), file != null && !file.equals("off"), protection(entries), "true".equals(dry));
    }

    private static @Nullable String said(@Nullable String flag, @Nullable String variable) {
        String first = flag == null || flag.isEmpty() ? variable : flag;
        return first == null || first.isEmpty() ? null : first;
    }

    private static @Nullable Path path(@Nullable String file) {
        if (file == null) {
            return DEFAULT.killFile;
        }
        if (file.equals("off")) {
            return null;
        }
        try {
            return Path.of(file).toAbsolutePath();
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException("the kill file '" + file + "' can't be a path here: " + e.getReason());
        }
    }

    private static Protection protection(@Nullable String entries) {
        if (entries == null) {
            return Protection.DEFAULT;
        }
        try {
            return Protection.parse(entries);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("what is to be protected: " + e.getMessage());
        }
    }
}
